import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Fault } from './faults.ts'
import type { Layout } from './layout.ts'
import type { RegistrySwitches } from './registry/settings.ts'
import type { ClaimChanges } from './sandbox.ts'
import type { StoredArtifact } from './results.ts'
import type { RequestRecord } from './server.ts'

export type { Fault, FaultKind, ServiceName } from './faults.ts'
export type { RequestRecord } from './server.ts'

/** A workflow artifact, and the zip file that it is. */
export type Artifact = Omit<StoredArtifact, 'content'> & { content: Buffer }

/** A Sigstore in a process of its own. */
export type Sandbox = Omit<Layout, 'urls'> & {
  urls: Layout['urls'] & { control: string }
  /** Changes claims of the tokens to come; `env` stays as it was. Undefined takes a claim away. */
  setClaims(claims: Record<string, string | undefined>): Promise<void>
  /** @throws Error for a kind that the service does not know */
  fault(fault: Fault): Promise<void>
  clearFaults(): Promise<void>
  /** Puts so many milliseconds before every answer of every service. */
  setLatency(milliseconds: number): Promise<void>
  /** Sets the switches of one registry, or of both; every switch that is not named is off again. */
  setRegistry(switches: RegistrySwitches): Promise<void>
  /** Every request so far, in the order in which they came. */
  requests(): Promise<RequestRecord[]>
  /**
   * Every token issued, the request token, the jobs' tokens, the registries' account, and what every signed
   * URL holds: they must appear nowhere.
   */
  secrets(): Promise<string[]>
  /** The environment that one more job of this run has of its own, such as the next leg of a matrix. */
  startJob(): Promise<Record<string, string>>
  /** The artifacts of the run that are complete, the oldest first. */
  artifacts(): Promise<Artifact[]>
  clearArtifacts(): Promise<void>
  stop(): Promise<void>
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the sandbox has no output')
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'exit').then(() => {
    throw new Error('the sandbox ended before it was ready; its errors stand above')
  })
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
  return line
}

/**
 * Starts `sandbox/main.ts` and waits until it listens. It ends with `stop()`, or with this process.
 * @param o.claims changes to the claims of tokens, which `env` then has too
 */
export async function startSandbox(o: { claims?: ClaimChanges } = {}): Promise<Sandbox> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const args = [main, '--json', '--claims', JSON.stringify(o.claims ?? {})]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const layout = JSON.parse(await firstLine(child)) as Layout & Pick<Sandbox, 'urls'>
  const { control } = layout.urls

  const call = async (method: string, path: string, value?: unknown): Promise<string> => {
    const body = value === undefined ? null : JSON.stringify(value)
    const response = await fetch(`${control}${path}`, { method, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`sandbox: ${text}`)
    return text
  }
  return {
    ...layout,
    setClaims: async claims => {
      const changes = Object.entries(claims).map(([name, value]) => [name, value ?? null])
      await call('POST', '/claims', Object.fromEntries(changes))
    },
    fault: async fault => {
      await call('POST', '/faults', fault)
    },
    clearFaults: async () => {
      await call('DELETE', '/faults')
    },
    setLatency: async milliseconds => {
      await call('POST', '/latency', milliseconds)
    },
    setRegistry: async switches => {
      await call('POST', '/registry', switches)
    },
    requests: async () => JSON.parse(await call('GET', '/requests')) as RequestRecord[],
    secrets: async () => JSON.parse(await call('GET', '/secrets')) as string[],
    startJob: async () => JSON.parse(await call('POST', '/jobs')) as Record<string, string>,
    artifacts: async () => {
      const stored = JSON.parse(await call('GET', '/artifacts')) as StoredArtifact[]
      return stored.map(one => ({ ...one, content: Buffer.from(one.content, 'base64') }))
    },
    clearArtifacts: async () => {
      await call('DELETE', '/artifacts')
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.stdin.end()
      await exit
    }
  }
}
