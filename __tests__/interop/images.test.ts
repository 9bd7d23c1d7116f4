import { describe } from '@jest/globals'
import { cell } from './cell.ts'
import {
  ANNOTATIONS,
  REGISTRY_NAMES,
  push,
  theyVerifyImage,
  weSign,
  weVerifyImage
} from './images.ts'
import { LOG_NAMES } from './matrix.ts'
import {
  cosign2Images,
  cosign2Legacy,
  cosign2LegacyStamped,
  cosignImages,
  cosignLegacy
} from './peers/cosign-images.ts'
import type { Format, ImageSigner, ImageVerifier } from './peers/image-peer.ts'
import { policyTester } from './peers/policy-tester.ts'
import type { RegistryName } from './services/layout.ts'
import type { Log } from './services/trust.ts'
import { useJob } from './use-job.ts'

const job = useJob()

const LOGS: Log[] = ['rekor-v1', 'rekor-v2']
/** One tells what refers to an image, and for the other a tag has to. */
const REGISTRIES = ['registry', 'crane'] as const

function theirVerdict(
  peer: ImageVerifier,
  format: Format | 'both',
  registry: RegistryName,
  log: Log
): void {
  const row = { ...peer, registry: REGISTRY_NAMES[registry], log: LOG_NAMES[log] }
  const what = `${WORDS[format]}, verified with ${peer.verifies}`
  cell({ ...row, direction: 'verifies ours', what }, async refuses => {
    const signed = await weSign(job, await push(job, registry), log, format)
    await theyVerifyImage(job, peer, signed, refuses)
  })
}

function ourVerdict(peer: ImageSigner, registry: RegistryName, log: Log, isAnnotated = true): void {
  const row = { ...peer, registry: REGISTRY_NAMES[registry], log: LOG_NAMES[log] }
  const what = `${WORDS[peer.format]}, signed with ${peer.signs}`
  cell({ ...row, direction: 'we verify theirs', what }, async refuses => {
    const image = await push(job, registry)
    await peer.sign(job, image.index, log, ANNOTATIONS)
    await weVerifyImage(job, { image, formats: [peer.format], log }, refuses, isAnnotated)
  })
}

const WORDS: Record<Format | 'both', string> = {
  bundle: 'a bundle',
  legacy: '`.sig`',
  both: 'a bundle and `.sig`'
}

describe.each(REGISTRIES)('bundles: %s', registry => {
  for (const log of LOGS) {
    theirVerdict(cosignImages, 'bundle', registry, log)
    theirVerdict(cosign2Images, 'bundle', registry, log)
    ourVerdict(cosignImages, registry, log)
  }
  ourVerdict(cosign2Images, registry, 'rekor-v1', false)
})

// The tags of legacy signatures are the same in every registry; only Rekor v1 has what they hold.
describe('legacy signatures', () => {
  for (const peer of [cosignLegacy, cosign2Legacy, cosign2LegacyStamped]) {
    theirVerdict(peer, 'legacy', 'crane', 'rekor-v1')
    ourVerdict(peer, 'crane', 'rekor-v1')
  }
  theirVerdict(policyTester, 'legacy', 'crane', 'rekor-v1')
  for (const peer of [policyTester, cosignImages, cosign2Images]) {
    theirVerdict(peer, 'both', 'registry', 'rekor-v1')
  }
})
