import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { push } from './image.ts'
import { expectRefusal } from './refusal.ts'
import { useScene } from './scene.ts'

// That no secret is in a line of output, an annotation, an output, the summary or a file, `runAction` looks
// for after every run of every test. Here is who was told one, and what only shows with more to say.
const scene = useScene()

/** The services that were told a secret while something ran. */
async function told(run: () => Promise<unknown>): Promise<string[]> {
  const before = (await scene.sandbox.requests()).length
  await run()
  const after = (await scene.sandbox.requests()).slice(before).filter(({ secret }) => secret)
  return [...new Set(after.map(({ service }) => service))].sort()
}

const debug = { RUNNER_DEBUG: '1' }

describe('what must never leave', () => {
  it('is told to those alone whom it is for, and to nobody with step debug on', async () => {
    const image = await push(scene)
    await scene.write('a', 'one')
    await scene.sandbox.setRegistry({ auth: 'bearer' })
    const inputs = { images: image.ref, files: 'a', 'signature-format': 'both' }
    const env = { ...debug, DOCKER_CONFIG: scene.sandbox.dockerConfig }
    const services = await told(async () => {
      const run = await scene.sign(inputs, { env })
      expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '2' } })
      expect(run.raw).toContain('::debug::')
    })
    expect(services).toEqual(['fulcio', 'oidc', 'registry', 'results'])
  })

  it('stays, the identity and the job token, with a registry that asks for nothing', async () => {
    const image = await push(scene)
    const services = await told(async () => {
      expect(await scene.sign({ images: image.ref })).toMatchObject({ exitCode: 0 })
    })
    expect(services).toEqual(['fulcio', 'oidc'])
  })

  it('stays, the credentials of one registry, with another that wants some', async () => {
    const [one, other] = [await push(scene), await push(scene, 'registry2')]
    await scene.sandbox.setRegistry({ auth: 'basic' })
    const config = JSON.parse(
      await readFile(join(scene.sandbox.dockerConfig, 'config.json'), 'utf8')
    ) as { auths: Record<string, unknown> }
    const { host } = new URL(one.url)
    const auths = { [host]: config.auths[host] }
    await scene.write('docker/config.json', JSON.stringify({ auths }))
    const env = { DOCKER_CONFIG: join(scene.workspace, 'docker') }
    const services = await told(async () => {
      expect(await scene.sign({ images: one.ref }, { env })).toMatchObject({ exitCode: 0 })
      const run = await scene.sign({ images: other.ref }, { env })
      expectRefusal(run, 'REGISTRY_UNAUTHORIZED', `docker has none for it (${other.name}`)
    })
    expect(services).toEqual(['fulcio', 'oidc', 'registry'])
  })

  it.each(['fulcio', 'oidc', 'registry', 'results'] as const)(
    'shows in no stack trace or message where %s repeats it',
    async service => {
      const image = await push(scene)
      await scene.write('a', 'one')
      await scene.sandbox.setRegistry({ auth: 'basic' })
      await scene.sandbox.fault({ service, kind: 'echo-token' })
      const env = { ...debug, DOCKER_CONFIG: scene.sandbox.dockerConfig }
      const run = await scene.sign({ images: image.ref, files: 'a', timeout: '0.03' }, { env })
      expect(run.exitCode).toBe(1)
    }
  )

  it('is nowhere on the disk as a private key', async () => {
    await scene.write('a', 'one')
    const run = await scene.sign({ files: 'a' }, { env: debug })
    expect(run.exitCode).toBe(0)
    const machine = `${scene.workspace}-runner-`
    const beside = (await readdir(join(scene.workspace, '..'))).map(name =>
      join(scene.workspace, '..', name)
    )
    const folders = [scene.workspace, ...beside.filter(path => path.startsWith(machine))]
    // In PEM, in base64 and as DER: PKCS #8 and SEC 1 begin with their versions and lengths.
    const forms = [
      'PRIVATE KEY',
      'MIGHAgEAMBMGByqGSM49',
      'MHcCAQEE',
      '"d":"',
      '\x02\x01\x01\x04\x20'
    ]
    let files = 0
    for (const folder of folders) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        files += 1
        const text = await readFile(join(entry.parentPath, entry.name), 'latin1')
        for (const form of forms) expect(text).not.toContain(form)
      }
    }
    expect(files).toBeGreaterThan(5)
    for (const form of forms) expect(run.raw).not.toContain(form)
  })
})
