import { execFileSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../sandbox/client.ts'
import { pushImage } from '../../sandbox/image.ts'
import { INDEX_TYPE, MANIFEST_TYPE, digestOf } from './registry/requests.ts'

type Link = { digest: string }
type Manifest = { config: Link; layers: [Link]; manifests: (Link & { platform: object })[] }

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterEach(async () => sandbox.setRegistry({}))
afterAll(async () => sandbox.stop())

const get = async (path: string): Promise<Buffer> => {
  const response = await fetch(`${sandbox.urls.registry}/v2/o/app/${path}`)
  return Buffer.from(await response.arrayBuffer())
}

const manifestAt = async (reference: string): Promise<Manifest> =>
  JSON.parse((await get(`manifests/${reference}`)).toString()) as Manifest

describe('pushImage', () => {
  it('pushes an image with a file', async () => {
    const { registry } = sandbox.urls
    const image = await pushImage(registry, 'o/app', { tag: 'one', content: 'hello\n' })
    const bytes = await get('manifests/one')
    expect(image).toEqual({
      digest: digestOf(bytes),
      mediaType: MANIFEST_TYPE,
      size: bytes.length,
      platforms: { 'linux/amd64': digestOf(bytes) }
    })
    const { config, layers } = await manifestAt('one')
    const layer = await get(`blobs/${layers[0].digest}`)
    const file = execFileSync('tar', ['-xzOf', '-', 'content'], { input: layer })
    expect(file.toString()).toBe('hello\n')
    expect(JSON.parse((await get(`blobs/${config.digest}`)).toString())).toMatchObject({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [digestOf(gunzipSync(layer))] }
    })
  })

  it('pushes an index of several platforms', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'] as const
    const image = await pushImage(sandbox.urls.registry, 'o/app', { platforms, content: 'x' })
    expect(image.mediaType).toBe(INDEX_TYPE)
    const { manifests } = await manifestAt(image.digest)
    expect(manifests.map(({ digest, platform }) => [digest, platform])).toEqual([
      [image.platforms['linux/amd64'], { os: 'linux', architecture: 'amd64' }],
      [image.platforms['linux/arm64'], { os: 'linux', architecture: 'arm64' }]
    ])
    const [one, two] = manifests
    expect(one?.digest).not.toBe(two?.digest)
  })

  it('pushes with credentials, and says when they do not do', async () => {
    await sandbox.setRegistry({ auth: 'basic' })
    const { username, password } = sandbox.registryLogin
    const pair = Buffer.from(`${username}:${password}`).toString('base64')
    const push = async (authorization: string) =>
      pushImage(sandbox.urls.registry2, 'o/app', { content: 'x', authorization })
    expect((await push(`Basic ${pair}`)).mediaType).toBe(MANIFEST_TYPE)
    await expect(push('Basic eDp4')).rejects.toThrow(/^POST .*: 401 .*UNAUTHORIZED/)
  })
})
