import { mkdir, mkdtemp, readFile, realpath, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { runNode } from './child.ts'
import type { Annotation, StepOutput } from './commands.ts'
import { createLeakSearch, leakingFiles, snapshot } from './leaks.ts'
import { inputVariables, mainScript, readManifest } from './manifest.ts'
import { parseOutputs } from './outputs.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const DOORS = { sign: join(ROOT, 'action.yml'), verify: join(ROOT, 'verify/action.yml') }

/** `FileCommandManager.cs`: above it nothing is uploaded. */
const LARGEST_SUMMARY = 1024 * 1024

export type RunOptions = {
  inputs?: Record<string, string>
  /** In place of, or besides, what a runner always sets. */
  env?: Record<string, string>
  workspace: string
  /** Of the job among those of its matrix. */
  jobIndex?: number
  /** The webhook, in GITHUB_EVENT_PATH. */
  event?: unknown
  /** Must appear nowhere. */
  secrets?: string[]
  /** Arguments for Node itself, such as `--max-old-space-size=64`. */
  nodeOptions?: string[]
  /** An action.yml in place of the door's. */
  action?: string
  /** A script in place of the action.yml's `runs.main`. */
  entry?: string
  /** Milliseconds until the action is killed and the test fails. */
  deadline?: number
  /** Kills the action as `kill -9` does. */
  kill?: AbortSignal
}

export type ActionRun = {
  exitCode: number
  outputs: Record<string, string>
  summary: string
  annotations: Annotation[]
  /** stdout and stderr without commands, masked */
  log: string
  raw: string
  durationMs: number
}

/**
 * Run a door as the runner runs an action, with Node of this process.
 *
 * Stricter than the runner where that finds a fault of ours: it throws for an unknown input, a
 * malformed output file, commands that the action has no reason to write, anything in GITHUB_ENV,
 * GITHUB_PATH or GITHUB_STATE, and for a secret or a JWT in a line of output (masked first) or in a
 * file written in the workspace, in RUNNER_TEMP or in HOME.
 */
export async function runAction(door: 'sign' | 'verify', options: RunOptions): Promise<ActionRun> {
  const path = options.action ?? DOORS[door]
  const manifest = await readManifest(path)
  const workspace = await realpath(options.workspace)
  // Beside the workspace, and the caller's to remove with it: outputs are paths in there.
  const machine = await mkdtemp(`${workspace}-runner-`)
  const files = await createFiles(machine, options.event ?? {})
  const env = {
    ...runnerVariables(machine, workspace),
    ...files,
    ...inputVariables(manifest, options.inputs ?? {}, {
      'github.job': 'job',
      'strategy.job-index': String(options.jobIndex ?? 0)
    }),
    ...options.env
  }
  const before = await snapshot(workspace)
  const args = [...(options.nodeOptions ?? []), options.entry ?? mainScript(path, manifest)]
  const { deadline = 60_000, kill } = options
  const run = await runNode(args, env, workspace, { deadline, kill })

  const leaks = createLeakSearch(options.secrets ?? [])
  const leaking = [
    ...run.output.written.filter(leaks).map(() => 'a line of output'),
    ...(await leakingFiles(workspace, before, leaks)),
    ...(await leakingFiles(machine, new Map(), leaks))
  ]
  if (leaking.length > 0) throw new Error(`a secret shows in ${leaking.join(', ')}`)
  return {
    ...(await collect(files, run.output)),
    exitCode: run.exitCode,
    log: run.output.log,
    raw: run.raw,
    durationMs: run.durationMs
  }
}

type Files = Record<'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY' | 'GITHUB_EVENT_PATH', string> &
  Record<(typeof FORBIDDEN)[number], string>

/** An action of ours leaves nothing to later steps but its outputs. */
const FORBIDDEN = ['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STATE'] as const

async function createFiles(machine: string, event: unknown): Promise<Files> {
  const folder = join(machine, 'temp/_runner_file_commands')
  await mkdir(folder, { recursive: true })
  await mkdir(join(machine, 'home'))
  const files = {
    GITHUB_OUTPUT: join(folder, 'set_output'),
    GITHUB_STEP_SUMMARY: join(folder, 'step_summary'),
    GITHUB_ENV: join(folder, 'set_env'),
    GITHUB_PATH: join(folder, 'add_path'),
    GITHUB_STATE: join(folder, 'save_state'),
    GITHUB_EVENT_PATH: join(machine, 'event.json')
  }
  for (const file of Object.values(files)) await writeFile(file, '')
  await writeFile(files.GITHUB_EVENT_PATH, JSON.stringify(event))
  return files
}

/** What every job has. Nothing of this process's environment gets through but PATH. */
function runnerVariables(machine: string, workspace: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(machine, 'home'),
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_WORKSPACE: workspace,
    GITHUB_JOB: 'job',
    RUNNER_TEMP: join(machine, 'temp'),
    RUNNER_OS: 'Linux',
    RUNNER_ARCH: 'X64'
  }
}

async function collect(
  files: Files,
  output: StepOutput
): Promise<Pick<ActionRun, 'outputs' | 'summary' | 'annotations'>> {
  for (const name of FORBIDDEN) {
    if ((await readFile(files[name])).length > 0) throw new Error(`the action wrote to ${name}`)
  }
  const outputs: Record<string, string> = {}
  for (const [name, value] of Object.entries(
    parseOutputs(await readFile(files.GITHUB_OUTPUT, 'utf8'))
  )) {
    if (output.mask(value) === value) outputs[name] = value
    else {
      const message = `Skip output '${name}' since it may contain secret.`
      output.annotate({ level: 'warning', message })
    }
  }
  const summary = await readFile(files.GITHUB_STEP_SUMMARY)
  const fits = summary.length <= LARGEST_SUMMARY
  if (!fits) {
    const message = `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${Math.floor(summary.length / 1024)}k.`
    output.annotate({ level: 'error', message })
  }
  return {
    outputs,
    summary: fits ? output.mask(summary.toString('utf8')) : '',
    annotations: output.annotations
  }
}
