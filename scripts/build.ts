// `npm run build` writes dist; with `--check` (`npm run check-dist`) it compares dist with a fresh build.
import { join } from 'node:path'
import { compareDist, makeDist, writeDist } from './dist.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'dist')
try {
  const dist = await makeDist(root)
  if (process.argv.includes('--check')) {
    const differences = compareDist(folder, dist)
    if (differences.length > 0)
      throw new Error(
        `dist is not what the sources build; run \`npm run build\` and commit it:\n${differences.join('\n')}`
      )
  } else {
    writeDist(folder, dist)
  }
  for (const [name, content] of dist) console.log(`${name} ${(content.length / 1e6).toFixed(2)} MB`)
} catch (error) {
  // Without a stack: ncc runs from one line of three million characters, which Node would print.
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
