import { LOGGED_IN } from './docker-registry.ts'
import type { Place, PortName } from './place.ts'
import { TOKEN_HOST } from './token-server.ts'
import {
  type Log,
  TRUSTED_ROOT,
  type Witness,
  clientConfigName,
  signingConfigName
} from './trust.ts'

/** Where the services and their files are. */
export type Layout = {
  /** Their files, gone when they stop; what each service says is in `logs`. */
  dir: string
  /** One for all that is signed with any of the configs. */
  trustedRoot: string
  signingConfigs: Record<Witness, string>
  /** Trusted root and signing config in one, for sigstore-python, which does not do without a log. */
  clientTrustConfigs: Record<Log, string>
  urls: Record<UrlName, string>
  /** For `DOCKER_CONFIG`: the folder of who is logged in to the registries that ask. */
  dockerConfig: string
}

/** Of the registries, `registry` alone has the referrers API. */
export const REGISTRIES = ['crane', 'registry', 'registry-basic', 'registry-bearer'] as const
export type RegistryName = (typeof REGISTRIES)[number]
type UrlName = Log | 'fulcio' | 'ctlog' | 'tsa' | RegistryName

export function layoutOf({ dir, file, port }: Place): Layout {
  const url = (name: PortName): string => `http://127.0.0.1:${port(name)}`
  return {
    dir,
    trustedRoot: file(TRUSTED_ROOT),
    signingConfigs: {
      'rekor-v1': file(signingConfigName('rekor-v1')),
      'rekor-v2': file(signingConfigName('rekor-v2')),
      timestamp: file(signingConfigName('timestamp'))
    },
    clientTrustConfigs: {
      'rekor-v1': file(clientConfigName('rekor-v1')),
      'rekor-v2': file(clientConfigName('rekor-v2'))
    },
    urls: {
      fulcio: url('fulcio'),
      ctlog: `${url('ctlog')}/test`,
      'rekor-v1': url('rekor-v1'),
      'rekor-v2': url('rekor-v2'),
      tsa: url('tsa'),
      crane: url('crane'),
      registry: url('registry'),
      'registry-basic': url('registry-basic'),
      'registry-bearer': `http://${TOKEN_HOST}:${port('registry-bearer')}`
    },
    dockerConfig: file(LOGGED_IN)
  }
}
