import { cp, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Sandbox } from '../../sandbox/client.ts'

const DIST = resolve(import.meta.dirname, '../../dist')
const STAGING = 'https://tuf-repo-cdn.sigstage.dev'

/**
 * Copies dist/ with the sandbox's TUF repository in the place of staging's: its address, and its root.
 * @returns the scripts of both doors
 */
export async function buildIn({
  urls,
  tufRoot,
  dir
}: Sandbox): Promise<{ sign: string; verify: string }> {
  const copy = join(dir, 'dist')
  await cp(DIST, copy, { recursive: true })
  const root = (await readFile(tufRoot, 'utf8')).replace(/[\\']/g, '\\$&')
  const script = async (door: string): Promise<string> => {
    const path = join(copy, door, 'index.js')
    const code = await readFile(path, 'utf8')
    const [, name = ''] = /url:"https:\/\/tuf-repo-cdn\.sigstage\.dev",root:(\w+)/.exec(code) ?? []
    const opening = `${name}=JSON.parse('`
    const start = code.indexOf(opening) + opening.length
    const end = code.indexOf("')", start)
    if (name === '' || start < opening.length) throw new Error(`${path} has no root of staging`)
    const changed = code.slice(0, start) + root + code.slice(end)
    await writeFile(path, changed.replace(STAGING, urls.tuf))
    return path
  }
  return { sign: await script('sign'), verify: await script('verify') }
}
