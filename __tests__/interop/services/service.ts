import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds until a service has to answer: much, for a machine that does other things as well. */
const READY = 60_000

export type Start = {
  program: string
  args: string[]
  env?: Record<string, string>
  /** Root is not allowed to run every program. */
  user?: { uid: number; gid: number }
  /** Whether it serves now. */
  isReady: () => Promise<boolean>
}

/** A program that serves, in a process group of its own. */
export class Service {
  readonly name: string
  readonly #log: string
  #child: ChildProcess | undefined

  /** @param log the file for what it says */
  constructor(name: string, log: string) {
    this.name = name
    this.#log = log
  }

  /** Starts it and waits until it serves. @throws Error with the last that it said, when it does not */
  async start({ program, args, env, user, isReady }: Start, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#child) throw new Error(`${this.name} was started and not stopped`)
    const log = openSync(this.#log, 'a')
    const child = spawn(program, args, {
      // Ctrl-C goes to the group of the terminal: who ends when is for us to say.
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: process.env.PATH, HOME: dirname(this.#log), ...env },
      ...user
    })
    closeSync(log)
    this.#child = child
    try {
      await this.#ready(child, isReady, signal)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Ends it and whatever it started, at once: Trillian would take ten seconds to end by itself. */
  async stop(signal: 'SIGKILL' | 'SIGINT' = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    process.kill(-child.pid, signal)
    await exit
  }

  async #ready(child: ChildProcess, isReady: Start['isReady'], signal: AbortSignal): Promise<void> {
    const failed = once(child, 'exit').then(
      () => 'ended',
      (error: unknown) => String(error)
    )
    const deadline = performance.now() + READY
    for (;;) {
      signal.throwIfAborted()
      const state = await Promise.race([failed, isReady().catch(() => false)])
      if (state === true) return
      if (typeof state === 'string') throw this.#error(state)
      if (performance.now() > deadline) throw this.#error(`does not answer after ${READY} ms`)
      await sleep(25)
    }
  }

  #error(what: string): Error {
    const said = readFileSync(this.#log, 'utf8').slice(-2000)
    return new Error(`${this.name} ${what}; it said last:\n${said}`)
  }
}

/** Whether a URL answers a GET with 200. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  await response.body?.cancel()
  return response.status === 200
}
