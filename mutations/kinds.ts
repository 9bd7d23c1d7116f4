import { parseBundle, type Bundle } from '../src/trust/bundle.ts'
import { verifyBundle } from '../src/trust/verify.ts'
import type { Edit } from '../__tests__/trust/edit.ts'
import { digestOf, FILE } from '../__tests__/trust/instance.ts'
import { FILES, IMAGES, LARGE_FILES, MODELS, STATEMENTS, type Contents } from './contents.ts'
import type { Kind } from './kind.ts'
import { layer } from './layer.ts'
import {
  DSSE_V2,
  GITHUB,
  INTOTO,
  KEY_ID,
  REKOR_V1,
  REKOR_V2,
  roots,
  signAll,
  signer,
  V01,
  V02,
  type Witnesses
} from './signing.ts'

function bundle(name: string, contents: Contents, witnesses: Witnesses, ...edits: Edit[]): Kind {
  const { bytes, expect } = contents
  return {
    name,
    ...signAll(contents, witnesses, edits),
    read: text => parseBundle(text, 'the bundle'),
    verify: read =>
      verifyBundle(read as Bundle, { roots, digest: digestOf(FILE), bytes, expect, signer })
  }
}

/** All kinds, as they exist: Rekor v2 and GitHub's instance came with v0.3. */
export const KINDS: readonly (() => Kind)[] = [
  (): Kind => bundle('message, v0.1, Rekor v1', FILES, REKOR_V1, V01),
  (): Kind => bundle('message, v0.2, Rekor v1', FILES, REKOR_V1, V02),
  (): Kind => bundle('message, v0.3, Rekor v1', LARGE_FILES, REKOR_V1),
  (): Kind => bundle('message, v0.3, Rekor v2', FILES, REKOR_V2),
  (): Kind => bundle('message, v0.3, TSA only', FILES, GITHUB),
  (): Kind => bundle('DSSE, v0.1, Rekor v1 (intoto)', STATEMENTS, INTOTO, V01, KEY_ID),
  (): Kind => bundle('DSSE, v0.2, Rekor v1 (intoto)', STATEMENTS, INTOTO, V02, KEY_ID),
  (): Kind => bundle('DSSE, v0.3, Rekor v1', STATEMENTS, REKOR_V1),
  (): Kind => bundle('DSSE, v0.3, Rekor v2', STATEMENTS, REKOR_V2),
  (): Kind => bundle('DSSE, v0.3, Rekor v2 (dsse)', STATEMENTS, DSSE_V2),
  (): Kind => bundle('DSSE, v0.3, TSA only', STATEMENTS, GITHUB),
  (): Kind => bundle('image, v0.3, Rekor v2', IMAGES, REKOR_V2),
  (): Kind => layer('image, legacy .sig'),
  (): Kind => bundle('model, v0.3, Rekor v1', MODELS, REKOR_V1),
  (): Kind => bundle('model, v0.3, Rekor v2', MODELS, REKOR_V2)
]
