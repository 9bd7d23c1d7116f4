import type { Fault } from './faults.ts'
import type { RegistrySwitches } from './registry/settings.ts'
import type { ClaimChanges, RunningSandbox } from './sandbox.ts'
import { type Answer, type Listener, type Request, json, listen, send } from './server.ts'

const done: Answer = { status: 204 }

function act(sandbox: RunningSandbox, { method, path, body }: Request): Answer {
  switch (`${method} ${path}`) {
    case 'POST /faults':
      sandbox.faults.add(JSON.parse(body.toString()) as Fault)
      return done
    case 'DELETE /faults':
      sandbox.faults.clear()
      return done
    case 'POST /claims':
      sandbox.setClaims(JSON.parse(body.toString()) as ClaimChanges)
      return done
    case 'POST /latency':
      sandbox.latency = Number(body.toString())
      return done
    case 'POST /registry':
      sandbox.registries.set(JSON.parse(body.toString()) as RegistrySwitches)
      return done
    case 'GET /requests':
      return json(200, sandbox.requests)
    case 'GET /secrets':
      return json(200, [...sandbox.secrets, sandbox.results.blobs.signature])
    case 'POST /jobs':
      return json(200, sandbox.startJob())
    case 'GET /artifacts':
      return json(200, sandbox.results.list())
    case 'DELETE /artifacts':
      sandbox.results.clear()
      return done
    default:
      return { status: 404, body: 'not found' }
  }
}

/** The endpoint by which tests steer a sandbox. Its own requests are not recorded. */
export async function listenForControl(sandbox: RunningSandbox): Promise<Listener> {
  const ignore = (): void => undefined
  return listen('control', ignore, exchange => {
    try {
      send(exchange, act(sandbox, exchange.request))
    } catch (error) {
      send(exchange, { status: 400, body: String(error) })
    }
    return Promise.resolve()
  })
}
