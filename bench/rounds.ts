import type { Usage } from './child.ts'
import type { Row } from './row.ts'

const ROUNDS = 3

/** One round of both, in the same minute. */
type Round = { cosign: Usage; ours: Usage }

/** What a loop over all would take, by the first of them. */
export async function loop(
  items: string[],
  sample: number,
  run: (item: string) => Promise<Usage>
): Promise<Usage> {
  let seconds = 0
  let peak = 0
  for (const item of items.slice(0, sample)) {
    const usage = await run(item)
    seconds += usage.seconds
    peak = Math.max(peak, usage.peakMemory)
  }
  return { seconds: (seconds / sample) * items.length, peakMemory: peak }
}

/** In turns, so that whatever else the machine does slows down both. */
export async function rounds(
  cosign: () => Promise<Usage>,
  ours: () => Promise<Usage>
): Promise<Round[]> {
  const all: Round[] = []
  for (let i = 0; i < ROUNDS; i++) all.push({ cosign: await cosign(), ours: await ours() })
  return all
}

/** The most that ours may be of cosign's, and how many runs of cosign stand for its loop. */
export type Terms = { most: number; sample?: number }

/** Of several rounds the fastest: what else the machine does can only add. */
export function time(what: string, all: Round[], terms: Terms): Row[] {
  const cosign = Math.min(...all.map(round => round.cosign.seconds))
  const ours = Math.min(...all.map(round => round.ours.seconds))
  return against(what, 's', cosign, ours, terms)
}

/** Of several rounds our highest peak, and cosign's lowest. */
export function memory(what: string, all: Round[], terms: Terms): Row[] {
  const cosign = Math.min(...all.map(round => round.cosign.peakMemory)) / 2 ** 20
  const ours = Math.max(...all.map(round => round.ours.peakMemory)) / 2 ** 20
  return against(what, 'MiB', cosign, ours, terms)
}

function against(
  what: string,
  unit: string,
  cosign: number,
  ours: number,
  { most, sample }: Terms
): Row[] {
  const loop = sample === undefined ? '' : `, from ${sample} of its loop`
  return [
    { what: `${what}, cosign${loop}`, value: cosign, unit },
    { what: `${what}, ours`, value: ours, unit },
    { what: `${what}, ours ÷ cosign`, value: ours / cosign, unit: '×', most }
  ]
}
