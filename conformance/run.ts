import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { KeylessError } from '../src/errors.ts'
import { EXPECTED } from './expected.ts'
import { report, type Result } from './report.ts'
import { verify } from './verify.ts'

// npm run -s conformance -- DIR [--trusted-root FILE]
//
// Runs every case in a folder of the public suite's assets, with the file and with only its digest.

const IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main'
const ISSUER = 'https://token.actions.githubusercontent.com'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'trusted-root': { type: 'string' } }
})
const [dir, ...others] = positionals
if (dir === undefined || others.length > 0) {
  console.error('usage: npm run -s conformance -- DIR [--trusted-root FILE]')
  process.exit(2)
}

const trustedRoot = values['trusted-root'] ?? path.join(dir, '..', 'trust', 'trusted_root.json')
const cases = readdirSync(dir, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)
  .sort()

const results: Result[] = []
for (const name of cases) {
  const folder = path.join(dir, name)
  const own = path.join(folder, 'artifact')
  const artifact = existsSync(own) ? own : path.join(dir, 'a.txt')
  const digest = createHash('sha256').update(readFileSync(artifact)).digest('hex')
  results.push({ name: `${name} (file)`, problem: await differs(folder, name, artifact) })
  results.push({
    name: `${name} (digest)`,
    problem: await differs(folder, name, `sha256:${digest}`)
  })
}
report(results)

async function differs(
  folder: string,
  name: string,
  artifact: string
): Promise<string | undefined> {
  const file = (base: string): string | undefined =>
    [path.join(folder, base)].find(each => existsSync(each))
  const words = (base: string): string | undefined => {
    const found = file(base)
    return found === undefined ? undefined : readFileSync(found, 'utf8').trim()
  }
  const refused = name.endsWith('_fail')
  try {
    await verify({
      bundle: path.join(folder, 'bundle.sigstore.json'),
      artifact,
      trustedRoot: readFileSync(file('trusted_root.json') ?? trustedRoot, 'utf8'),
      identity: words('identity') ?? IDENTITY,
      issuer: words('issuer') ?? ISSUER,
      key: file('key.pub')
    })
    return refused ? 'verified, but must be refused' : undefined
  } catch (error) {
    // A crash, or a case that is not laid out as one, is no refusal.
    if (!(error instanceof KeylessError)) return `broke off: ${String(error)}`
    const what = `refused with ${error.code}: ${error.message}`
    if (!refused) return what
    const codes = EXPECTED[name.replace(/_fail$/, '')]
    if (!codes) return `${what}\n    and no code is known to fit: add the case to expected.ts`
    return codes.includes(error.code) ? undefined : `${what}\n    expected ${codes.join(' or ')}`
  }
}
