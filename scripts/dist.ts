import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bundle } from './bundle.ts'
import { licenseFile } from './licenses.ts'

/** Everything in a `dist` folder: contents by path, `/` between folders. */
export type Dist = Map<string, Buffer>

/** Builds both actions and their licence file, in memory, from the repository at `root`. */
export async function makeDist(root: string): Promise<Dist> {
  // webpack numbers modules by their path relative to the working folder.
  process.chdir(root)
  const dist: Dist = new Map()
  // Every bundle holds run-time helpers of the bundler itself.
  const packages = new Set([
    dirname(createRequire(import.meta.url).resolve('@vercel/ncc/package.json'))
  ])
  for (const door of ['sign', 'verify']) {
    const built = await bundle(root, `src/${door}/main.ts`)
    for (const [name, content] of built.files) dist.set(`${door}/${name}`, content)
    for (const folder of built.packages) packages.add(folder)
  }
  return dist.set('licenses.txt', Buffer.from(licenseFile(packages)))
}

/** Replaces `folder` by `dist`. */
export function writeDist(folder: string, dist: Dist): void {
  rmSync(folder, { recursive: true, force: true })
  for (const [name, content] of dist) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

/** How `folder` differs from `dist`: a line for each file that is missing, differs, or should not be there. */
export function compareDist(folder: string, dist: Dist): string[] {
  const found = readDist(folder)
  const differences: string[] = []
  for (const [name, content] of dist) {
    const other = found.get(name)
    if (other === undefined) differences.push(`missing: ${name}`)
    else if (!other.equals(content)) differences.push(`differs: ${name}`)
  }
  for (const name of found.keys()) if (!dist.has(name)) differences.push(`not built: ${name}`)
  return differences
}

function readDist(folder: string): Dist {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => !entry.isDirectory())
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      return [path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path)]
    })
  )
}
