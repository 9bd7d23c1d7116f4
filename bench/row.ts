/** A line of the table: a number with its unit, and the least and the most it may be where that matters. */
export type Row = { what: string; value: number; unit: string; least?: number; most?: number }

export const missed = ({ value, least = -Infinity, most = Infinity }: Row): boolean =>
  !(least <= value && value <= most)

/** The rows as a plain text table. */
export function formatTable(rows: Row[]): string {
  const cells = rows.map(row => [row.what, `${format(row.value)} ${row.unit}`, ...judge(row)])
  const lines = [['', 'measured', 'target', ''], ...cells]
  const widths = [0, 1, 2].map(i => Math.max(...lines.map(line => line[i]?.length ?? 0)))
  return lines
    .map(line => line.map((cell, i) => pad(cell, widths[i] ?? 0, i === 1)))
    .map(line => line.join('  ').trimEnd())
    .join('\n')
}

/** The target in words, and whether it is met; nothing for a row without a target. */
function judge(row: Row): string[] {
  const { least, most } = row
  if (least === undefined && most === undefined) return []
  const bounds = [
    least === undefined ? [] : `≥ ${format(least)}`,
    most === undefined ? [] : `≤ ${format(most)}`
  ]
  return [`${bounds.flat().join(' ')} ${row.unit}`, missed(row) ? 'MISSED' : 'ok']
}

const format = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 0)

const pad = (cell: string, width: number, isNumber: boolean): string =>
  isNumber ? cell.padStart(width) : cell.padEnd(width)
