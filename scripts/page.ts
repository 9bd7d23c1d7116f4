import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { format, resolveConfig } from 'prettier'

/** Markdown as the repository has it. */
export async function formatPage(path: string, text: string): Promise<string> {
  return await format(text, { ...(await resolveConfig(path)), parser: 'markdown' })
}

/**
 * Whether a page is what a run showed. Where it is not, the difference is printed, or the page replaced.
 *
 * @param writer the command that replaces it
 */
export function checkPage(
  path: string,
  text: string,
  { write, writer }: { write: boolean; writer: string }
): boolean {
  if (write) writeFileSync(path, text)
  if (readFileSync(path, 'utf8') === text) return true
  // Without white space, or a longer cell would change every row.
  spawnSync('git', ['diff', '--no-index', '--ignore-all-space', path, '-'], {
    input: text,
    stdio: ['pipe', 'inherit', 'inherit']
  })
  console.error(
    `${relative(process.cwd(), path)} is not what this run showed; \`${writer}\` writes it`
  )
  return false
}
