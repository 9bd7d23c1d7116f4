import { appendFile } from 'node:fs/promises'
import { it } from '@jest/globals'
import type { Cell } from '../../scripts/compatibility.ts'

/** Awaits a check that passes only when something was refused, and keeps what for. */
export type Refuses = (reason: string, check: Promise<unknown>) => Promise<void>

/**
 * A test that is a row of docs/compatibility.md: when it passed, it adds itself and what was refused to the file that
 * `KEYLESS_CELLS` names, one JSON a line. `.ci/interop` makes the page of that.
 */
export function cell(of: Omit<Cell, 'refused'>, test: (refuses: Refuses) => Promise<void>): void {
  const { program, version, direction, what, log, registry, model } = of
  const where = registry === undefined ? '' : `, registry ${registry}`
  const whose = model === undefined ? '' : `${model}, `
  it(`${program} ${version} ${direction}: ${whose}${what}, ${log}${where}`, async () => {
    const refused: string[] = []
    await test(async (reason, check) => {
      await check
      refused.push(reason)
    })
    const { KEYLESS_CELLS: file } = process.env
    if (file === undefined) return
    const kind = {
      ...(registry !== undefined && { registry }),
      ...(model !== undefined && { model })
    }
    const row: Cell = { program, version, direction, what, ...kind, log, refused }
    await appendFile(file, `${JSON.stringify(row)}\n`)
  })
}
