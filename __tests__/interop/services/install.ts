/**
 * Installs the programs of the table by name and version into `${KEYLESS_CACHE:-~/.cache/keyless-sign}`,
 * through the proxies of Go, pip and Debian, and keeps them there. The command prints the path of each
 * program that it names, or of all.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { PROGRAMS, type Program, type ProgramName } from './programs.ts'

const CACHE = process.env.KEYLESS_CACHE ?? join(homedir(), '.cache/keyless-sign')

const folderOf = (name: ProgramName): string => join(CACHE, `${name}-${PROGRAMS[name].version}`)
const markOf = (name: ProgramName): string => join(folderOf(name), 'complete')
const isProgram = (name: string): name is ProgramName => Object.hasOwn(PROGRAMS, name)

/**
 * The path of an installed program; Debian's may be a folder of several.
 * @throws Error when it is not installed
 */
export function programPath(name: ProgramName): string {
  const { from } = PROGRAMS[name]
  const bin = join(folderOf(name), 'bin')
  const [path, mark] =
    'debian' in from
      ? [globSync(from.bin).toSorted().at(-1) ?? '', '/']
      : [
          join(
            bin,
            'go' in from ? basename(from.go) : 'pip' in from ? (from.bin ?? from.pip) : name
          ),
          markOf(name)
        ]
  if (path !== '' && existsSync(mark)) return path
  throw new Error(`${name} is not installed; \`.ci/tool ${name}\` does that`)
}

/** The path of a file that is kept beside a program. */
export const keptFile = (name: ProgramName, file: string): string =>
  join(folderOf(name), basename(file))

function isInstalled(name: ProgramName): boolean {
  try {
    return programPath(name) !== ''
  } catch {
    return false
  }
}

function run(program: string, args: string[], env: Record<string, string> = {}): void {
  // Standard output is for the paths.
  const stdio = ['ignore', process.stderr, process.stderr] as const
  execFileSync(program, args, { stdio: [...stdio], env: { ...process.env, ...env } })
}

export function install(name: ProgramName): void {
  const { from, version }: Program = PROGRAMS[name]
  // Of a module of ours, Go knows best whether it has changed.
  if (isInstalled(name) && !('goModule' in from)) return
  if ('debian' in from) {
    const apt = (...args: string[]): void => {
      const env = { DEBIAN_FRONTEND: 'noninteractive' }
      if (process.getuid?.() === 0) run('apt-get', args, env)
      else run('sudo', ['--preserve-env=DEBIAN_FRONTEND', 'apt-get', ...args], env)
    }
    // A new machine's lists of packages are old, or not there.
    apt('update')
    apt('install', '--yes', from.debian)
    return
  }
  const folder = folderOf(name)
  const bin = join(folder, 'bin')
  // What Go has built already, and is as it was, it builds no second time.
  if (!('goModule' in from)) rmSync(folder, { recursive: true, force: true })
  mkdirSync(bin, { recursive: true })
  if ('pip' in from) {
    run('python3', ['-m', 'venv', folder])
    run(join(bin, 'pip'), ['install', '--quiet', `${from.pip}==${version}`, ...(from.with ?? [])])
  } else if ('go' in from) {
    run('go', ['install', `${from.go}@v${version}`], { GOBIN: bin })
    for (const file of from.keep ?? []) {
      copyFileSync(join(moduleFolder(from.go, version), file), keptFile(name, file))
    }
  } else {
    const source = ['-C', join(import.meta.dirname, from.goModule)]
    run('go', ['build', ...source, '-o', join(bin, name), from.package ?? '.'])
  }
  // The mark comes last: an installation that was cut short is made again.
  writeFileSync(markOf(name), '')
}

/** Where Go keeps the sources of a package's module: the first three elements of its path. */
function moduleFolder(goPackage: string, version: string): string {
  const module = goPackage.split('/').slice(0, 3).join('/')
  const answer = execFileSync('go', ['mod', 'download', '-json', `${module}@v${version}`])
  return (JSON.parse(answer.toString()) as { Dir: string }).Dir
}

if (import.meta.main) {
  const asked = process.argv.slice(2)
  const names = Object.keys(PROGRAMS).filter(isProgram)
  const unknown = asked.find(name => !isProgram(name))
  if (unknown !== undefined) throw new Error(`no program ${unknown}, only ${names.join(', ')}`)
  for (const name of asked.length > 0 ? asked.filter(isProgram) : names) {
    install(name)
    console.log(programPath(name))
  }
}
