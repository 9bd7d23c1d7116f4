import type { Place, PortName } from './place.ts'
import { TRUSTED_ROOT, clientConfigName, signingConfigName, type Witness } from './trust.ts'

/** Where the services and their files are. */
export type Layout = {
  /** Their files, gone when they stop; what each service says is in `logs`. */
  dir: string
  /** One for all that is signed with any of the configs. */
  trustedRoot: string
  signingConfigs: Record<Witness, string>
  /** Trusted root and signing config in one, for sigstore-python. */
  clientTrustConfigs: Record<Witness, string>
  urls: Record<UrlName, string>
}

/** Of the registries, `crane` is without the referrers API and `registry` with it. */
type UrlName = 'fulcio' | 'ctlog' | 'rekor' | 'rekor-v2' | 'tsa' | 'crane' | 'registry'

export function layoutOf({ dir, file, port }: Place): Layout {
  const each = (nameOf: (witness: Witness) => string): Record<Witness, string> => ({
    'rekor-v1': file(nameOf('rekor-v1')),
    'rekor-v2': file(nameOf('rekor-v2')),
    timestamp: file(nameOf('timestamp'))
  })
  const url = (name: PortName): string => `http://127.0.0.1:${port(name)}`
  return {
    dir,
    trustedRoot: file(TRUSTED_ROOT),
    signingConfigs: each(signingConfigName),
    clientTrustConfigs: each(clientConfigName),
    urls: {
      fulcio: url('fulcio'),
      ctlog: `${url('ctlog')}/test`,
      rekor: url('rekor'),
      'rekor-v2': url('rekor-v2'),
      tsa: url('tsa'),
      crane: url('crane'),
      registry: url('registry')
    }
  }
}
