/**
 * Runs a sandbox until it is told to end.
 *
 * `npm run sandbox` prints how to use it by hand, and ends on Ctrl-C. With `--json` it prints one
 * line of JSON for `client.ts`, and ends when its standard input closes: when its parent dies.
 * `--claims JSON` changes claims of the tokens.
 */
import { parseArgs } from 'node:util'
import { listenForControl } from './control.ts'
import { pushSomeImage } from './image.ts'
import { type ClaimChanges, RunningSandbox } from './sandbox.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, claims: { type: 'string', default: '{}' } }
})

const sandbox = new RunningSandbox()
const layout = await sandbox.start(JSON.parse(values.claims) as ClaimChanges)
const control = await listenForControl(sandbox)

let ending = false
const end = (): void => {
  if (ending) return
  ending = true
  void sandbox.stop().finally(() => process.exit(0))
}
process.on('SIGINT', end).on('SIGTERM', end)

// A parent that died in the meantime does not read what is printed.
process.stdout.on('error', end)

if (values.json) {
  const { urls, ...rest } = layout
  process.stdout.write(`${JSON.stringify({ ...rest, urls: { ...urls, control: control.url } })}\n`)
  process.stdin.resume().on('end', end).on('error', end)
} else {
  // Only people need it, and tests start many sandboxes.
  const { instructions } = await import('./instructions.ts')
  const image = await pushSomeImage(layout.urls.registry)
  const notes = [
    `TUF: ${layout.urls.tuf} from ${layout.tufRoot}`,
    `registries: ${layout.urls.registry} (referrers API), ${layout.urls.registry2} (none)`,
    `one fault: curl -d '{"service":"rekor","kind":"status","status":503,"times":1}' ${control.url}/faults`,
    `no faults: curl -X DELETE ${control.url}/faults`
  ]
  process.stdout.write(instructions({ ...layout, image, notes }))
}
