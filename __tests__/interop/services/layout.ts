import type { Place, PortName } from './place.ts'
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
}

/** Of the registries, `crane` is without the referrers API and `registry` with it. */
type UrlName = Log | 'fulcio' | 'ctlog' | 'tsa' | 'crane' | 'registry'

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
      registry: url('registry')
    }
  }
}
