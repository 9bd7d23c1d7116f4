/** A line of the table: a number with its unit, and the most it may be where there is a target. */
export type Row = { what: string; value: number; unit: string; most?: number }

export const missed = ({ value, most }: Row): boolean => most !== undefined && value > most

/** The rows as a plain text table. */
export function formatTable(rows: Row[]): string {
  const cells = rows.map(row => [
    row.what,
    `${format(row.value)} ${row.unit}`,
    row.most === undefined ? '' : `${format(row.most)} ${row.unit}`,
    row.most === undefined ? '' : missed(row) ? 'MISSED' : 'ok'
  ])
  const lines = [['', 'measured', 'at most', ''], ...cells]
  const widths = [0, 1, 2, 3].map(i => Math.max(...lines.map(line => line[i]?.length ?? 0)))
  return lines
    .map(line => line.map((cell, i) => pad(cell, widths[i] ?? 0, i)).join('  '))
    .map(line => line.trimEnd())
    .join('\n')
}

const format = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 0)

const pad = (cell: string, width: number, column: number): string =>
  column === 0 || column === 3 ? cell.padEnd(width) : cell.padStart(width)
