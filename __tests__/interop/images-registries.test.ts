import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from '@jest/globals'
import { cell } from './cell.ts'
import {
  ANNOTATIONS,
  REGISTRY_NAMES,
  type Signed,
  type TestImage,
  carry,
  push,
  theyVerifyImage,
  weSign,
  weVerifyImage
} from './images.ts'
import { BECAUSE_OF, LOG_NAMES, weRefuse } from './matrix.ts'
import { cosignImages } from './peers/cosign-images.ts'
import { BUNDLE, ORAS, discover } from './peers/oras.ts'
import type { RegistryName } from './services/layout.ts'
import { PROGRAMS } from './services/programs.ts'
import { useJob } from './use-job.ts'

const LOG = 'rekor-v1'

const job = useJob()

describe.each([
  ['registry', 'crane'],
  ['crane', 'registry']
] as const)('oras, from %s to %s', (from, to) => {
  const names = `${REGISTRY_NAMES[from]} → ${REGISTRY_NAMES[to]}`
  const row = { ...ORAS, registry: names, log: LOG_NAMES[LOG] }

  const what = 'a bundle, listed by `discover`, carried by `cp -r`, and there verified by cosign'
  cell({ ...row, direction: 'carries ours', what }, async refuses => {
    const signed = await weSign(job, await push(job, from), LOG, 'bundle')
    await expectListed(signed.image, from)
    const image = await carry(job, signed.image, to)
    await expectListed(image, to)
    await theyVerifyImage(job, cosignImages, { ...signed, image }, refuses)
  })

  const theirs = "a bundle of cosign's, carried by `cp -r`"
  cell({ ...row, direction: 'we verify theirs', what: theirs }, async refuses => {
    const image = await push(job, from)
    await cosignImages.sign(job, image.index, LOG, ANNOTATIONS)
    const signed: Signed = { image: await carry(job, image, to), formats: ['bundle'], log: LOG }
    await weVerifyImage(job, signed, refuses)
  })
})

describe("Docker's registry", () => {
  for (const registry of ['registry-basic', 'registry-bearer'] as const) {
    const { version } = PROGRAMS[registry]
    const row = { version, registry: REGISTRY_NAMES[registry], log: LOG_NAMES[LOG] }
    const what = 'a bundle: pushed, listed and verified, by cosign too'
    const program = 'docker-registry'
    cell({ ...row, program, direction: 'keeps ours', what }, async refuses => {
      const { image } = await weSign(job, await push(job, registry), LOG, 'bundle')
      const images = [image.index, ...image.platforms].join('\n')
      const verified = await job.verify({ images })
      expect(verified).toMatchObject({ exitCode: 0, outputs: { verified: 'true', images } })
      await expectListed(image, registry)
      await cosignImages.verify(job, { image: image.index, log: LOG, annotations: ANNOTATIONS })

      await refuses(BECAUSE_OF.anonymous, refused(image, ''))
      const folder = await logInAs('octocat', 'another password', image)
      await refuses(BECAUSE_OF.password, refused(image, folder))
    })
  }

  /** Neither door gets in with this configuration, and both say why. */
  const refused = async (image: TestImage, dockerConfig: string): Promise<void> => {
    const env = { DOCKER_CONFIG: dockerConfig }
    await weRefuse(job, { images: image.index }, 'REGISTRY_UNAUTHORIZED', env)
    const run = await job.sign(LOG, { images: image.index }, { env })
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations[0]?.message).toContain('[REGISTRY_UNAUTHORIZED]')
  }
})

/** oras finds one referrer of each manifest, and says what it is. */
async function expectListed(image: TestImage, registry: RegistryName): Promise<void> {
  for (const one of [image.index, ...image.platforms]) {
    // That of Go lists the config's media type, and not what the specification asks for.
    const artifactType = registry === 'registry' ? 'application/vnd.oci.empty.v1+json' : BUNDLE
    const annotations = {
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1'
    }
    expect(await discover(job, one)).toMatchObject([{ artifactType, annotations }])
  }
}

/** A folder for `DOCKER_CONFIG`. */
async function logInAs(user: string, password: string, { index }: TestImage): Promise<string> {
  const folder = join(job.services.dir, 'other-login')
  const auth = Buffer.from(`${user}:${password}`).toString('base64')
  await mkdir(folder, { recursive: true })
  const auths = { [index.slice(0, index.indexOf('/'))]: { auth } }
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths }))
  return folder
}
