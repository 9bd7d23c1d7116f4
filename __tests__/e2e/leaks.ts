import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const JWT = /eyJ[A-Za-z0-9_-]+\.eyJ/

/** More than any secret is long, so that none hides on the border of two pieces of a file. */
const OVERLAP = 64 * 1024

/** @returns a search for secrets in any text, also as base64 and percent-encoded; a JWT is always one */
export function createLeakSearch(secrets: string[]): (text: string) => boolean {
  const needles = secrets.filter(secret => secret !== '').flatMap(forms)
  return text => JWT.test(text) || needles.some(needle => text.includes(needle))
}

function forms(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '')
  return [secret, encodeURIComponent(secret), base64]
}

/** A state of a folder's files, to tell which were written since. Symbolic links are not followed. */
export async function snapshot(folder: string): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    states.set(path, [ino, size, mtimeNs, ctimeNs].join())
  }
  return states
}

/** The files of a folder that hold a secret, or have one as their name. */
export async function leakingFiles(
  folder: string,
  before: Map<string, string>,
  leaks: (text: string) => boolean
): Promise<string[]> {
  const found: string[] = []
  for (const [path, state] of await snapshot(folder)) {
    if (before.get(path) === state) continue
    if (leaks(path) || (await leaksIn(path, leaks))) found.push(path)
  }
  return found
}

async function leaksIn(path: string, leaks: (text: string) => boolean): Promise<boolean> {
  let rest = ''
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    const text = rest + (piece as Buffer).toString('latin1')
    if (leaks(text)) return true
    rest = text.slice(-OVERLAP)
  }
  return false
}
