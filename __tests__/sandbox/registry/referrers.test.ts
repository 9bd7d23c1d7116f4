import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../../sandbox/client.ts'
import {
  EMPTY_TYPE,
  INDEX_TYPE,
  MANIFEST_TYPE,
  NOWHERE,
  type Answer,
  ask,
  digestOf,
  emptyManifest,
  putManifest,
  refusalOf,
  subjectOf,
  uploadBlob
} from './requests.ts'

const image = emptyManifest()
const referrers = ['a', 'b', 'c'].map(n =>
  emptyManifest({
    subject: subjectOf(image),
    annotations: { n },
    ...(n === 'a' ? {} : { artifactType: 'application/x' })
  })
)

let sandbox: Sandbox
let url: string
beforeAll(async () => {
  sandbox = await startSandbox()
  url = `${sandbox.urls.registry}/v2/o/app`
  await uploadBlob(url, '{}')
  // The subject need not be there.
  for (const referrer of referrers) await putManifest(url, digestOf(referrer), referrer)
})
afterEach(async () => sandbox.setRegistry({}))
afterAll(async () => sandbox.stop())

const list = async (query = '', digest = digestOf(image)): Promise<Answer> =>
  ask('GET', `${url}/referrers/${digest}${query}`)

type Index = { manifests: { digest: string; artifactType: string }[] }

const digestsIn = ({ bytes }: Answer): string[] =>
  (JSON.parse(bytes.toString()) as Index).manifests.map(({ digest }) => digest)

describe('referrers', () => {
  it('are an index of descriptors, with artifact types and annotations', async () => {
    const { status, headers, bytes } = await list()
    expect([status, headers.get('content-type')]).toEqual([200, INDEX_TYPE])
    expect(headers.get('link')).toBeNull()
    const [a = '', b = ''] = referrers
    const common = { mediaType: MANIFEST_TYPE, size: a.length }
    expect(JSON.parse(bytes.toString())).toMatchObject({
      schemaVersion: 2,
      mediaType: INDEX_TYPE,
      manifests: [
        // Without a type of its own it is that of the configuration.
        { ...common, digest: digestOf(a), artifactType: EMPTY_TYPE, annotations: { n: 'a' } },
        { digest: digestOf(b), artifactType: 'application/x', annotations: { n: 'b' } },
        {}
      ]
    })
  })

  it('are none of what nobody refers to', async () => {
    const none = await list('', NOWHERE)
    expect([none.status, digestsIn(none)]).toEqual([200, []])
    expect(refusalOf(await list('', 'v1'))).toBe('400 DIGEST_INVALID')
  })

  it('are filtered, which the registry says', async () => {
    const { headers, ...answer } = await list('?artifactType=application/x')
    expect(headers.get('oci-filters-applied')).toBe('artifactType')
    expect(digestsIn({ headers, ...answer })).toEqual(referrers.slice(1).map(digestOf))
  })

  it('come in pages', async () => {
    await sandbox.setRegistry({ pageSize: 1 })
    const follow = async (query: string): Promise<string[]> => {
      const page = await list(query)
      const next = /^<[^?]*(\?.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
      return [...digestsIn(page), ...(next === undefined ? [] : await follow(next))]
    }
    expect(await follow('')).toEqual(referrers.map(digestOf))
    expect(await follow('?artifactType=application/x')).toEqual(referrers.slice(1).map(digestOf))
  })

  it('may be stale', async () => {
    await sandbox.setRegistry({ staleSeconds: 3600 })
    expect(digestsIn(await list())).toEqual([])
  })

  it('are no API of the other registry', async () => {
    const other = `${sandbox.urls.registry2}/v2/o/app`
    await uploadBlob(other, '{}')
    const answer = await ask('GET', `${other}/referrers/${digestOf(image)}`)
    expect(refusalOf(answer)).toBe('404 MANIFEST_UNKNOWN')
  })
})
