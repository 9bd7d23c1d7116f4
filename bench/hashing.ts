// `npm run bench:hashing`: the hashing engine against openssl, sha256sum, Python's hashlib, and model_signing, which
// `.ci/tool` installs. All take turns, on files in the page cache. Linux, with 7 GiB of room in the folder for temporary files.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { programPath } from '../__tests__/interop/services/install.ts'
import { runChild } from './child.ts'
import { hashFolder } from './hash-model.ts'
import { writeLarge } from './large-file.ts'
import { formatTable, missed, type Row } from './row.ts'

const ROUNDS = 5
const SHARDS = 8
const SHARD_BYTES = 2 ** 29
const CORES = availableParallelism()

const PYTHON = `import concurrent.futures, hashlib, os, sys
def digest(path):
    with open(path, 'rb') as file: return hashlib.file_digest(file, 'sha256').hexdigest()
files = [os.path.join(d, f) for d, _, names in os.walk('.') for f in names]
with concurrent.futures.ThreadPoolExecutor(${CORES}) as pool: list(pool.map(digest, files))`

const MODEL_SIGNING = `"${programPath('model-signing')}"`

/** What each peer runs, in the folder with the files. */
const peers: Record<string, string> = {
  'openssl dgst': `find . -type f -print0 | xargs -0 -n1 -P${CORES} openssl dgst -sha256`,
  sha256sum: `find . -type f -print0 | xargs -0 sha256sum`,
  "Python's hashlib": `python3 -c "${PYTHON}"`,
  model_signing: `${MODEL_SIGNING} sign key --private_key ../key.pem --signature ../model.sig .`
}

/** Seconds of each in its best round: what else the machine does can only add. */
async function race(folder: string): Promise<Record<string, number>> {
  const best: Record<string, number> = {}
  const note = (name: string, seconds: number): void => {
    best[name] = Math.min(best[name] ?? Infinity, seconds)
  }
  for (let round = 0; round < ROUNDS; round++) {
    note('ours', await hashFolder(folder))
    for (const [name, command] of Object.entries(peers)) {
      const { seconds } = await runChild('sh', ['-c', `${command} >/dev/null`], folder)
      note(name, seconds)
    }
  }
  return best
}

/** The rows of one model: each program, ours against two of them, and what memory ours takes. */
async function compare(what: string, folder: string, most: number): Promise<Row[]> {
  const seconds = await race(folder)
  const against = (peer: string, most: number): Row => {
    const value = (seconds.ours ?? NaN) / (seconds[peer] ?? NaN)
    return { what: `${what}: ours ÷ ${peer}`, value, unit: '×', most }
  }
  const program = join(import.meta.dirname, 'hash-model.ts')
  const { peakMemory } = await runChild(process.execPath, [program, folder], folder)
  return [
    ...Object.entries(seconds).map(([name, value]) => ({
      what: `${what}: ${name}`,
      value,
      unit: 's'
    })),
    against('openssl dgst', most),
    against('model_signing', 1),
    {
      what: `${what}: peak resident memory`,
      value: peakMemory / 2 ** 20,
      unit: 'MiB',
      most: 200
    }
  ]
}

const root = mkdtempSync(join(tmpdir(), 'keyless-hashing-'))
try {
  execFileSync('openssl', [
    'ecparam',
    '-name',
    'prime256v1',
    '-genkey',
    '-noout',
    '-out',
    join(root, 'key.pem')
  ])
  const speed = execFileSync(
    'openssl',
    ['speed', '-evp', 'sha256', '-bytes', '262144', '-seconds', '3'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
  )
  const rate = Number(/([\d.]+)k\s*$/.exec(speed)?.[1]) / 1e6
  const rows: Row[] = [{ what: 'openssl speed -evp sha256', value: rate, unit: 'GB/s' }]

  const folder = join(root, 'model')
  mkdirSync(folder)
  const large = join(folder, '0.bin')
  writeLarge(large)
  rows.push(...(await compare('2 GiB', folder, 1.1)))

  truncateSync(large, SHARD_BYTES)
  for (let i = 1; i < SHARDS; i++) copyFileSync(large, join(folder, `${i}.bin`))
  rows.push(...(await compare(`${SHARDS} × 512 MiB`, folder, 1.05)))

  console.log(formatTable(rows))
  if (rows.some(missed)) process.exitCode = 1
} finally {
  rmSync(root, { recursive: true })
}
