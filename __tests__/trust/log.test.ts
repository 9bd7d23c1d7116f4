import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { TransparencyLogEntry } from '@sigstore/bundle'
import type { TrustMaterial } from '@sigstore/verify'
import { describeEntry, findLog, knownLogs } from '../../src/trust/log.ts'
import { refusal } from './refusal.ts'

type Log = TrustMaterial['tlogs'][number]

const { publicKey } = generateKeyPairSync('ed25519')
const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 1, hour))
const ID = Buffer.from('a log')

function log(baseURL = 'https://log.test', start = 1, end = 3): Log {
  return { logID: ID, publicKey, baseURL, validFor: { start: at(start), end: at(end) } }
}

function entry(origin?: string, o: Partial<TransparencyLogEntry> = {}): TransparencyLogEntry {
  const proof = { logIndex: '2', rootHash: ID, treeSize: '4', hashes: [] }
  const checkpoint = { envelope: `${origin ?? ''}\n4\nroot\n` }
  return {
    logIndex: '1002',
    logId: { keyId: ID },
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    integratedTime: '0',
    inclusionPromise: undefined,
    inclusionProof: origin === undefined ? undefined : { ...proof, checkpoint },
    canonicalizedBody: ID,
    ...o
  }
}

describe('findLog', () => {
  it.each([[[at(1)]], [[at(3)]], [[at(1), at(2), at(3)]]])('takes a key valid at %j', times => {
    expect(findLog(entry(), [log()], times)).toEqual(log())
  })

  it.each([[[at(0)]], [[at(4)]], [[at(2), at(4)]], [[at(0), at(2)]]])(
    'refuses one that was not valid at each of %j',
    times => {
      const find = (): Log => findLog(entry(), [log()], times)
      expect(find).toThrow(refusal('LOG_KEY_NOT_VALID_THEN'))
      expect(find).toThrow(
        `https://log.test was not valid when the signature was made (${times.map(each => each.toISOString()).join(', ')}).`
      )
    }
  )

  it('takes, of the periods of a key, the one that it was', () => {
    const periods = [log('https://log.test', 0, 1), log('https://log.test', 2, 3)]
    expect(findLog(entry(), periods, [at(2)])).toEqual(periods[1])
    expect(() => findLog(entry(), periods, [at(1), at(2)])).toThrow(
      refusal('LOG_KEY_NOT_VALID_THEN')
    )
  })

  it.each([
    ['https://log.test', 'log.test'],
    ['https://log.test', 'log.test - 1234567'],
    ['https://log.test/', 'log.test'],
    ['https://log.test/a/b', 'log.test/a/b'],
    ['https://log.test/a/b/', 'log.test/a/b - 1'],
    ['https://log.test:8080', 'log.test:8080'],
    ['https://log.test:8080', 'log.test']
  ])('takes for the checkpoint of %s one of %j', (url, origin) => {
    expect(findLog(entry(origin), [log(url)], [at(2)])).toEqual(log(url))
  })

  it.each([
    ['https://log.test', 'og.test'],
    ['https://log.test', 'xlog.test'],
    ['https://log.test', 'x\nlog.test'],
    ['https://log.test', 'log.test.evil'],
    ['https://log.test', 'log.test - '],
    ['https://log.test', 'log.test - x'],
    ['https://log.test', 'log.test - 1 - 2'],
    ['https://log.test', 'log.test - 1x'],
    ['https://log.test', 'x - 1'],
    ['https://log.test', ' log.test'],
    ['https://log.test', '\rlog.test'],
    ['https://log.test', '\u2028log.test'],
    ['https://log.test', ''],
    ['https://log.test/a', 'log.test'],
    ['https://log.test/a/b', 'log.testa/b'],
    ['https://log.test', 'log.test/a'],
    ['https://log.test:8080', 'log.test:80']
  ])('refuses as the checkpoint of %s one of %j', (url, origin) => {
    expect(() => findLog(entry(origin), [log(url)], [at(2)])).toThrow(refusal('LOG_ORIGIN'))
  })

  it('asks a checkpoint for its origin in whichever of the logs it is', () => {
    const logs = [log('https://one.test'), log('https://two.test')]
    expect(findLog(entry('two.test'), logs, [at(2)])).toEqual(logs[1])
  })
})

describe('knownLogs', () => {
  it('says which log it was, as far as an id is long', () => {
    const keyId = Buffer.alloc(40, 0xab)
    const find = (): Log[] => knownLogs(entry(undefined, { logId: { keyId } }), [log()])
    expect(find).toThrow(refusal('LOG_UNKNOWN'))
    expect(find).toThrow(`(${'ab'.repeat(32)})`)
  })
})

describe('describeEntry', () => {
  const promise = { inclusionPromise: { signedEntryTimestamp: ID } }

  it.each<['v1' | 'v2', TransparencyLogEntry, string | undefined]>([
    ['v1', entry('log.test', promise), '1002'],
    ['v1', entry('log.test'), undefined],
    ['v1', entry('log.test', { logIndex: '2' }), undefined],
    ['v1', entry('log.test', { ...promise, logIndex: '9007199254740993' }), undefined],
    ['v2', entry('log.test', { logIndex: '2' }), '2'],
    ['v2', entry('log.test'), undefined],
    ['v2', entry('log.test', promise), undefined],
    ['v2', entry(), undefined]
  ])('of %s tells an index that was signed, and no other (%#)', (version, each, index) => {
    expect(describeEntry(each, log(), version)).toEqual({
      logId: ID.toString('hex'),
      url: 'https://log.test',
      version,
      ...(index !== undefined && { index })
    })
  })
})
