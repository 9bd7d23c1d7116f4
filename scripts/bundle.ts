import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, sep } from 'node:path'
import { minifySync } from '@swc/core'
import ts from 'typescript'

type Module = { resource?: string; modules?: Iterable<Module> }
type Ncc = (
  entry: string,
  options: {
    cache: false
    minify: boolean
    quiet: boolean
    externals: Record<string, string>
  }
) => Promise<{
  code: string
  assets: Record<string, { source: string | Buffer }>
  symlinks: Record<string, string>
  stats: { compilation: { modules: Iterable<Module> } }
}>

/**
 * What is imported and never called, and the module of Node's that is imported in its place. unzip-stream,
 * with which artifacts are downloaded, brings packages without any licence; apache-arrow, one way of listing
 * blobs, a third of the artifact client's size.
 */
const UNUSED = { 'unzip-stream': 'node:stream', 'apache-arrow': 'node:stream' }

/** What threads run: the only script that is started by its URL, as `thread.js` beside `index.js`. */
const THREAD = 'src/subjects/digests/thread.ts'

/** One bundled entry point: its files by name, and the folder of every package that went into them. */
export type Bundle = { files: Map<string, Buffer>; packages: Set<string> }

/**
 * Bundles an entry point and all it imports into `index.js` and its chunks: minified ES modules, the
 * same bytes for the same sources and packages wherever the repository lies. Run it from `root`.
 */
export async function bundle(root: string, entry: string): Promise<Bundle> {
  // ncc is CommonJS and ships no types.
  const ncc = createRequire(import.meta.url)('@vercel/ncc') as Ncc
  const scripts = transpile(root)
  const run = (script: string): ReturnType<Ncc> =>
    ncc(join(scripts, script.replace(/\.ts$/, '.js')), {
      cache: false,
      minify: true,
      quiet: true,
      externals: UNUSED
    })
  const built = await run(entry)
  if (Object.keys(built.symlinks).length > 0)
    throw new Error(`${entry}: the bundle holds symbolic links, which not every checkout restores.`)
  const resources = [...resourcesOf(built.stats.compilation.modules)]
  const missing = missingImports(resources)
  if (missing.length > 0)
    throw new Error(`${entry}: imports what is not there: ${missing.join(', ')}`)
  const files: Bundle['files'] = new Map([['index.js', Buffer.from(built.code)]])
  for (const [name, { source }] of Object.entries(built.assets))
    files.set(name, name.endsWith('.js') ? minify(source.toString()) : Buffer.from(source))
  // ncc takes the script of a thread for data, and hands it over without what it imports.
  if (files.has('thread.js')) files.set('thread.js', Buffer.from((await run(THREAD)).code))
  const folders = resources.map(packageFolder).filter(folder => folder !== undefined)
  return { files, packages: new Set(folders) }
}

/** A chunk, which is what a dynamic import loads: ncc leaves it as it is, three times as large. */
function minify(code: string): Buffer {
  const options = {
    module: true,
    compress: true,
    mangle: true,
    format: { comments: false }
  } as const
  return Buffer.from(minifySync(code, options).code)
}

/**
 * Writes `src` as JavaScript and returns the folder that stands for `root`.
 *
 * ncc's own TypeScript loader takes `module: NodeNext` from tsconfig.json, and under it a file transpiled on
 * its own comes out as CommonJS, which cannot import the packages that are ES modules only. The folder has a
 * fixed name, since webpack derives module ids from paths, and is inside the repository so that packages resolve.
 */
function transpile(root: string): string {
  const scratch = join(root, 'node_modules/.cache/keyless-sign')
  rmSync(scratch, { recursive: true, force: true })
  cpSync(join(root, 'src'), join(scratch, 'src'), { recursive: true })
  for (const name of readdirSync(scratch, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue
    const file = join(scratch, name)
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      fileName: file,
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2024,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true
      }
    })
    // The compiler renames what is imported, not what is started.
    const code = outputText.replace(/(?<=new URL\('[^']+)\.ts(?=', import\.meta\.url\))/g, '.js')
    writeFileSync(file.replace(/\.ts$/, '.js'), code)
  }
  return scratch
}

/** The file that each module comes from; a concatenated module holds others inside it. */
function* resourcesOf(modules: Iterable<Module>): Generator<string> {
  for (const module of modules) {
    if (module.resource !== undefined) yield module.resource
    yield* resourcesOf(module.modules ?? [])
  }
}

/**
 * The imports that led nowhere. ncc puts a stand-in in their place, which fails only when it runs.
 */
export function missingImports(resources: string[]): string[] {
  return resources.flatMap(resource => resource.split('@@notfound.js?').slice(1))
}

/** `…/node_modules/NAME` or `…/node_modules/@SCOPE/NAME` above a file; undefined for our own files. */
export function packageFolder(file: string): string | undefined {
  const marker = `${sep}node_modules${sep}`
  const start = file.lastIndexOf(marker) + marker.length
  if (start < marker.length) return undefined
  const [first = '', second = ''] = file.slice(start).split(sep)
  if (first.startsWith('.')) return undefined
  return file.slice(0, start) + (first.startsWith('@') ? `${first}${sep}${second}` : first)
}
