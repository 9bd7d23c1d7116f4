import type { Fault, FaultKind } from '../faults.ts'
import type { Request } from '../server.ts'
import type { RegistrySettings } from './settings.ts'
import type { RegistryStore } from './store.ts'

/** One request to a registry, and what answering it takes. */
export type Call = {
  request: Request
  repository: string
  /** What stands behind `manifests/`, `blobs/`, …: a tag, a digest, the id of an upload. */
  reference: string
  store: RegistryStore
  settings: RegistrySettings
  /** The URL of the listener that notes whether a secret came along. */
  elsewhere: string
  /** The fault of this kind that is in force for this request. */
  takeFault: (kind: FaultKind) => Fault | undefined
}
