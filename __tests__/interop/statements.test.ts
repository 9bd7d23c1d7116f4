import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect } from '@jest/globals'
import { cell } from './cell.ts'
import { BECAUSE_OF, CHANGED, LOG_NAMES, OTHER_TYPE } from './matrix.ts'
import { theyVerify, weRefuse, weVerify } from './matrix.ts'
import { cosignStatements } from './peers/cosign.ts'
import { PREDICATE, PREDICATE_FILE, PREDICATE_TYPE } from './peers/peer.ts'
import { pythonStatements } from './peers/python.ts'
import type { Log } from './services/trust.ts'
import { useJob } from './use-job.ts'

const LOGS: Log[] = ['rekor-v1', 'rekor-v2']
/** What each log has of a statement. */
const ENTRIES = {
  'rekor-v1': { kind: 'dsse', version: '0.0.1' },
  'rekor-v2': { kind: 'hashedrekord', version: '0.0.2' }
} as const

const job = useJob()
beforeAll(async () => {
  await job.write('file', 'one')
  await job.write(CHANGED, 'onf')
  await job.write(PREDICATE_FILE, JSON.stringify(PREDICATE))
  await job.write('statement.json', JSON.stringify(statementAbout('one')))
  for (const log of LOGS) {
    await sign('statement.json', `ours-${log}.json`, log)
    await expectEntry(`ours-${log}.json`, log)
  }
})

describe.each([cosignStatements, pythonStatements])('a statement: $program', peer => {
  describe.each(LOGS)('with %s', log => {
    const { kind, version } = ENTRIES[log]
    const row = { ...peer, log: `${LOG_NAMES[log]}, \`${kind}\` ${version}` }

    const theirs = `a statement about a file, verified with ${peer.commands.verify}`
    cell({ ...row, direction: 'verifies ours', what: theirs }, async refuses => {
      await theyVerify(job, peer, { file: 'file', bundle: `ours-${log}.json`, log }, refuses)
    })

    const ours = `a statement about a file, signed with ${peer.commands.sign}`
    cell({ ...row, direction: 'we verify theirs', what: ours }, async refuses => {
      const bundle = `${peer.program}-${log}.json`
      await peer.sign(job, 'file', bundle, log)
      await expectEntry(bundle, log)
      const inputs = { files: 'file', bundle, 'predicate-type': PREDICATE_TYPE }
      const refused = async (other: Record<string, string>, code: string): Promise<void> => {
        await weRefuse(job, { ...inputs, ...other }, code)
      }
      await weVerify(job, inputs, refuses, 'SUBJECT_MISMATCH')
      const type = refused({ 'predicate-type': OTHER_TYPE }, 'PREDICATE_TYPE_MISMATCH')
      await refuses(BECAUSE_OF.type, type)
      const root = await job.rootWithout(job.services.urls[log])
      await refuses(BECAUSE_OF.log, refused({ 'trusted-root': root }, 'LOG_UNKNOWN'))
    })
  })
})

const statementAbout = (content: string): unknown => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [
    { name: 'file', digest: { sha256: createHash('sha256').update(content).digest('hex') } }
  ],
  predicateType: PREDICATE_TYPE,
  predicate: PREDICATE
})

async function expectEntry(bundle: string, log: Log): Promise<void> {
  const json: unknown = JSON.parse(await readFile(join(job.workspace, bundle), 'utf8'))
  const tlogEntries = [{ kindVersion: ENTRIES[log] }]
  expect(json).toMatchObject({ verificationMaterial: { tlogEntries } })
}

/** Our action has no input for statements; the public suite's adapter signs them with the same code. */
async function sign(statement: string, bundle: string, log: Log): Promise<void> {
  await job.runScript(
    'conformance/client.ts',
    ...['sign-bundle', '--in-toto', '--identity-token', await job.token()],
    ...['--trusted-root', job.services.trustedRoot],
    ...['--signing-config', job.services.signingConfigs[log], '--bundle', bundle, statement]
  )
}
