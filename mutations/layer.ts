import { legacyAnnotations } from '../src/statements/legacy-annotations.ts'
import { parseBundle } from '../src/trust/bundle.ts'
import { isObject } from '../src/json.ts'
import { parseJson } from '../src/trust/json.ts'
import { parseLegacy, verifyLegacy, type LegacySignature } from '../src/trust/legacy.ts'
import { FILE } from '../__tests__/trust/instance.ts'
import { ANNOTATIONS, imageOf, PAYLOADS } from './contents.ts'
import type { Kind } from './kind.ts'
import { REKOR_V1, roots, signAll, signer } from './signing.ts'

type Layer = Parameters<typeof parseLegacy>[0]

/** A layer of cosign's `.sig` tag, as JSON of its payload in base64 and its annotations. */
export function layer(name: string): Kind {
  const { honest, donors } = signAll(PAYLOADS, REKOR_V1)
  const { ours, others } = PAYLOADS
  // In the order in which they were signed.
  const all = (bundles: readonly string[]): string[] =>
    bundles.map((bundle, i) => toText(bundle, (i === 0 ? ours : others).file))
  const [text = ''] = all([honest])
  return {
    name,
    honest: text,
    donors: { same: all(donors.same), another: all(donors.another) },
    read: text => {
      const read = readLayer(text)
      return read && parseLegacy(read, 'the layer')
    },
    verify: read =>
      verifyLegacy(read as LegacySignature, {
        ...{ roots, signer },
        digest: imageOf(FILE),
        annotations: ANNOTATIONS
      })
  }
}

function toText(bundle: string, payload?: Buffer): string {
  return JSON.stringify({
    payload: payload?.toString('base64'),
    annotations: legacyAnnotations(parseBundle(bundle, 'the bundle'))
  })
}

// What is no layer with annotations of text never comes out of a registry's manifest.
function readLayer(text: string): Layer | undefined {
  let json: unknown
  try {
    json = parseJson(text, 'the manifest')
  } catch {
    return undefined
  }
  if (!isObject(json) || typeof json.payload !== 'string' || !isObject(json.annotations)) return
  const payload = Buffer.from(json.payload, 'base64')
  if (payload.toString('base64') !== json.payload) return
  const annotations = Object.entries(json.annotations)
  const texts = annotations.filter((each): each is [string, string] => typeof each[1] === 'string')
  return texts.length < annotations.length
    ? undefined
    : { payload, annotations: Object.fromEntries(texts) }
}
