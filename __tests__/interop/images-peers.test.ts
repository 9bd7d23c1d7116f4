/** The peers among themselves, without us: where a row about images fails, this says whether it is theirs. */
import { describe, expect, it } from '@jest/globals'
import type { Refuses } from './cell.ts'
import { ANNOTATIONS, type Signed, carry, push, theyVerifyImage } from './images.ts'
import {
  cosign2Images,
  cosign2Legacy,
  cosign2LegacyStamped,
  cosignImages,
  cosignLegacy
} from './peers/cosign-images.ts'
import type { ImageSigner, ImageVerifier } from './peers/image-peer.ts'
import { discover } from './peers/oras.ts'
import { policyTester } from './peers/policy-tester.ts'
import type { RegistryName } from './services/layout.ts'
import type { Log } from './services/trust.ts'
import { useJob } from './use-job.ts'

const job = useJob()

type Case = { signer: ImageSigner; verifier: ImageVerifier; log: Log; registry: RegistryName }
const of = (
  signer: ImageSigner,
  verifier: ImageVerifier,
  log: Log,
  registry: RegistryName
): Case => ({
  ...{ signer, verifier, log, registry }
})
/** Each peer at least once on either side. */
const CASES = [
  of(cosignImages, cosignImages, 'rekor-v1', 'registry'),
  of(cosignImages, cosign2Images, 'rekor-v2', 'crane'),
  of(cosign2Images, cosign2Images, 'rekor-v1', 'crane'),
  of(cosignLegacy, cosign2Legacy, 'rekor-v1', 'registry'),
  of(cosign2LegacyStamped, cosign2LegacyStamped, 'rekor-v1', 'crane'),
  of(cosign2Legacy, cosignLegacy, 'rekor-v1', 'crane'),
  of(cosign2Legacy, policyTester, 'rekor-v1', 'registry')
]

async function sign(signer: ImageSigner, registry: RegistryName, log: Log): Promise<Signed> {
  const image = await push(job, registry)
  await signer.sign(job, image.index, log, ANNOTATIONS)
  return { image, formats: [signer.format], log }
}

const check: Refuses = async (_, refusal) => {
  await refusal
}

describe('what one signs, another verifies, and nothing else', () => {
  it.each(CASES)(
    '$signer.version $signer.signs → $verifier.program $verifier.version $verifier.verifies',
    async ({ signer, verifier, log, registry }) => {
      await theyVerifyImage(job, verifier, await sign(signer, registry, log), check)
    }
  )
})

describe('oras', () => {
  it.each([
    ['registry', 'crane'],
    ['crane', 'registry']
  ] as const)('finds a signature and carries it along, from %s to %s', async (from, to) => {
    const signed = await sign(cosignImages, from, 'rekor-v1')
    expect(await discover(job, signed.image.index)).toHaveLength(1)
    const image = await carry(job, signed.image, to)
    await theyVerifyImage(job, cosignImages, { ...signed, image }, check)
  })
})

describe("Docker's registry", () => {
  it.each([
    ['registry-basic', 'basic credential not found'],
    ['registry-bearer', '401: Unauthorized']
  ] as const)('%s keeps signatures, and asks who wants them', async (registry, refusal) => {
    const { image } = await sign(cosignImages, registry, 'rekor-v1')
    await cosignImages.verify(job, { image: image.index, log: 'rekor-v1' })
    const discovery = ['oras', 'discover', '--plain-http', image.index] as const
    await expect(job.runWith({ DOCKER_CONFIG: '' }, ...discovery)).rejects.toThrow(refusal)
  })
})
