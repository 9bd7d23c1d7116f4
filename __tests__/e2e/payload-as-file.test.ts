import { expect, it } from '@jest/globals'
import { push } from './image.ts'
import { expectRefusal } from './refusal.ts'
import { useScene } from './scene.ts'

const scene = useScene()

/** A legacy signature of an image is made over bytes that can lie in a file, whoever wrote it. */
it('the payload of an image signature is not signed as a file, nor does it verify as one', async () => {
  const { name, digest } = await push(scene)
  const payload = JSON.stringify({
    critical: {
      identity: { 'docker-reference': name },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature'
    },
    optional: null
  })
  await scene.write('payload.json', payload)
  expectRefusal(await scene.sign({ files: 'payload.json' }), 'FILE_IS_SIMPLE_SIGNING', digestName)

  const run = await scene.verify({ files: 'payload.json' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toMatch(/\[FILE_IS_SIMPLE_SIGNING\]$/)
})

const digestName = 'critical.image.docker-manifest-digest'
