/** A case, and what is wrong with its outcome. */
export type Result = { name: string; problem: string | undefined }

/** Prints each case that differs and the totals; sets the exit status. */
export function report(results: Result[]): void {
  const failed = results.filter(({ problem }) => problem !== undefined)
  for (const { name, problem } of failed) console.log(`DIFFERS ${name}\n    ${problem ?? ''}`)
  console.log(`${results.length - failed.length} passed, ${failed.length} failed`)
  // Nothing tried is nothing shown.
  if (failed.length > 0 || results.length === 0) process.exitCode = 1
}
