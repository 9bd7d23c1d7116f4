import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Licences that a bundle may contain: permissive, and satisfied by handing the text along. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT'
])

type Package = {
  name: string
  version: string
  license: string
  repository: string
  author: string
  text: string
}

/**
 * The licence file of a bundle: name, version, licence and its text (and notice) for each package folder,
 * sorted, each package once. Throws one error that names every package without a text, or with a licence
 * outside the allowed ones.
 */
export function licenseFile(folders: Iterable<string>): string {
  const packages = [...folders].map(readPackage)
  const problems: string[] = []
  const entries = new Map<string, string>()
  for (const one of packages) {
    const title = `${one.name} ${one.version}`
    if (!isAllowed(one.license)) problems.push(`${title}: licence ${one.license} is not allowed`)
    const text = one.text === '' ? textOfSibling(one, packages) : one.text
    if (text === undefined) problems.push(`${title}: no licence text in the package`)
    else entries.set(title, `${title} (${one.license})\n\n${text}`)
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const rule = `\n${'-'.repeat(80)}\n\n`
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
  return `The files beside this one contain the following packages.\n${rule}${sorted.join(rule)}`
}

/** One licence, or an SPDX expression of several that hold at once: `(Apache-2.0 AND BSD-3-Clause)`. */
function isAllowed(license: string): boolean {
  const parts = license.replace(/^\((.*)\)$/, '$1').split(' AND ')
  return parts.every(part => allowed.has(part))
}

/**
 * Some packages of a monorepo are published without the text that their repository has once for all, and
 * some without the text that their author's other packages have.
 */
function textOfSibling(one: Package, packages: Package[]): string | undefined {
  const siblings = packages.filter(other => other.text !== '' && other.license === one.license)
  const same = (key: 'repository' | 'author') => (other: Package) =>
    one[key] !== '' && other[key] === one[key]
  return (siblings.find(same('repository')) ?? siblings.find(same('author')))?.text
}

function readPackage(folder: string): Package {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: unknown
    repository?: { url?: string } | string
    author?: { name?: string } | string
  }
  const { name, version, license, repository, author } = manifest
  return {
    name,
    version,
    license: typeof license === 'string' ? license : 'unknown',
    repository: (typeof repository === 'string' ? repository : repository?.url) ?? '',
    author: (typeof author === 'string' ? author : author?.name) ?? '',
    text: licenseText(folder)
  }
}

/** Licence and notice files of a package, with the line endings that git would give them. */
function licenseText(folder: string): string {
  return readdirSync(folder)
    .filter(name => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(name))
    .sort()
    .map(name => `${readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n').trim()}\n`)
    .join('\n')
}
