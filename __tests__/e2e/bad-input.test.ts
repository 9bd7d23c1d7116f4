import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  symlink,
  writeFile
} from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { expectRefusal } from './refusal.ts'
import { useScene } from './scene.ts'

const scene = useScene()

describe('sign refuses the ground it would stand on', () => {
  const bare = { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }

  it('without the permission to ask for a token', async () => {
    await scene.write('a', 'one')
    const run = await scene.sign({ files: 'a' }, { env: bare })
    expectRefusal(run, 'NO_ID_TOKEN_PERMISSION', 'add "permissions: id-token: write" to the job')
  })

  it('in a pull request from a fork, where adding the permission would not help', async () => {
    await scene.write('a', 'one')
    const pull_request = { head: { repo: { id: 2 } }, base: { repo: { id: 1 } } }
    const run = await scene.sign(
      { files: 'a' },
      { env: { ...bare, GITHUB_EVENT_NAME: 'pull_request' }, event: { pull_request } }
    )
    expectRefusal(run, 'FORK_PULL_REQUEST', 'forks never get an identity')
  })

  it('in pull_request_target, and after a run for a fork', async () => {
    await scene.write('a', 'one')
    const target = await scene.sign(
      { files: 'a' },
      { env: { GITHUB_EVENT_NAME: 'pull_request_target' } }
    )
    expectRefusal(target, 'UNTRUSTED_TRIGGER', 'The event is pull_request_target')
    const after = await scene.sign(
      { files: 'a' },
      {
        env: { GITHUB_EVENT_NAME: 'workflow_run' },
        event: { repository: { id: 1 }, workflow_run: { head_repository: { id: 2 } } }
      }
    )
    expectRefusal(after, 'UNTRUSTED_TRIGGER', 'after a run for a fork')
  })

  it('with a token of another run, whatever the environment says', async () => {
    await scene.write('a', 'one')
    const other = await scene.sign({ files: 'a' }, { env: { GITHUB_REPOSITORY_ID: '31337' } })
    expectRefusal(other, 'TOKEN_INVALID', 'an earlier step may have changed the environment')
    await scene.sandbox.setClaims({ event_name: 'pull_request_target' })
    const target = await scene.sign({ files: 'a' })
    await scene.sandbox.setClaims({ event_name: 'push' })
    expectRefusal(target, 'UNTRUSTED_TRIGGER', 'The identity token is for pull_request_target')
  })

  it('with a proxy that is no URL, without showing what may be its password', async () => {
    await scene.write('a', 'one')
    for (const https_proxy of [':::', 'http://robot:s3cr3t@proxy.corp:80800', 'robot:s3cr3t@x']) {
      const run = await scene.sign({ files: 'a' }, { env: { https_proxy }, secrets: ['s3cr3t'] })
      expectRefusal(run, 'INPUT_INVALID', 'The variable https_proxy does not hold the URL')
    }
  })

  it('with a token in the environment, or TLS verification switched off', async () => {
    await scene.write('a', 'one')
    const token = await scene.sign({ files: 'a' }, { env: { SIGSTORE_ID_TOKEN: 'x' } })
    expectRefusal(token, 'TOKEN_IN_ENVIRONMENT', 'SIGSTORE_ID_TOKEN is set')
    const tls = await scene.sign({ files: 'a' }, { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
    expectRefusal(tls, 'TLS_DISABLED', 'NODE_TLS_REJECT_UNAUTHORIZED is 0')
  })
})

describe('sign refuses files', () => {
  it('that are not there: an empty glob, an empty input', async () => {
    expectRefusal(await scene.sign({ files: 'dist/*' }), 'NO_SUBJECT', '"dist/*" matches no file')
    expectRefusal(await scene.sign({ files: '' }), 'INPUT_INVALID', 'files is empty')
  })

  it('that are a folder', async () => {
    await scene.write('dist/a', 'one')
    const run = await scene.sign({ files: 'dist' })
    expectRefusal(run, 'FILE_NOT_REGULAR', 'write "dist/**" for every file below it')
  })

  it('that a link leads to, out of the workspace', async () => {
    await symlink('/etc/passwd', join(scene.workspace, 'link'))
    const run = await scene.sign({ files: '*' })
    expectRefusal(run, 'FILE_OUTSIDE_WORKSPACE', 'link is a symbolic link')
  })

  it('that change while they are hashed', async () => {
    await scene.write('a', Buffer.alloc(256 * 1024 * 1024))
    const ended = new AbortController()
    const signing = scene.sign({ files: 'a' }).finally(() => {
      ended.abort()
    })
    while (!ended.signal.aborted) await appendFile(join(scene.workspace, 'a'), 'x')
    expectRefusal(await signing, 'FILE_CHANGED', 'changed while it was being hashed')
  })

  it('that change before their bundles are written, and then writes none', async () => {
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    await scene.sandbox.fault({ service: 'fulcio', kind: 'slow', seconds: 1 })
    const before = (await scene.sandbox.requests()).length
    const signing = scene.sign({ files: 'a\nb' })
    const asked = async (): Promise<boolean> =>
      (await scene.sandbox.requests()).slice(before).some(({ service }) => service === 'fulcio')
    while (!(await asked())) await setTimeout(10)
    await scene.write('b', 'twp')
    expectRefusal(await signing, 'FILE_CHANGED', 'b changed while it was being hashed or signed')
    expect(await readdir(scene.workspace)).toEqual(['a', 'b'])
  })

  it('that cannot be read', async () => {
    await symlink('gone', join(scene.workspace, 'broken'))
    const broken = await scene.sign({ files: 'broken' })
    expectRefusal(broken, 'FILE_UNREADABLE', 'broken could not be looked at (ENOENT)')
  })

  it('beside which no bundle can be written, before anything is asked of a service', async () => {
    await scene.write('a', 'one')
    await mkdir(join(scene.workspace, 'a.sigstore.json'))
    const before = (await scene.sandbox.requests()).length
    const run = await scene.sign({ files: 'a' })
    expectRefusal(run, 'WRITE_FAILED', 'a.sigstore.json is in the way')
    expect(await scene.sandbox.requests()).toHaveLength(before)
  })

  it('that are Git LFS pointers, or what DSSE signs', async () => {
    await scene.write('a', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')
    expectRefusal(await scene.sign({ files: 'a' }), 'FILE_IS_LFS_POINTER', 'git lfs pull')
    await scene.write('a', 'DSSEv1 28 application/vnd.in-toto+json 2 {}')
    expectRefusal(await scene.sign({ files: 'a' }), 'FILE_IS_DSSE', 'begins with "DSSEv1 "')
  })
})

describe('sign refuses inputs', () => {
  it.each([
    [{ sigstore: 'public' }, 'sigstore is "public", which is none of auto, public-good, staging'],
    [{ timeout: '0' }, 'timeout is "0"; give a number of minutes'],
    [{ timeout: '10s' }, 'timeout is "10s"'],
    [{ 'show-summary': 'yes' }, 'show-summary is "yes"'],
    [{ 'signing-config': '' }, 'signing-config and trusted-root belong together'],
    [{ sigstore: 'staging' }, 'leave out one or the other'],
    [{ 'signing-config': 'none.json' }, 'none.json could not be read (ENOENT)']
  ])('%j', async (inputs, words) => {
    await scene.write('a', 'one')
    expectRefusal(await scene.sign({ files: 'a', ...inputs }), 'INPUT_INVALID', words)
  })

  it('a signing config or a trusted root that is none', async () => {
    await scene.write('a', 'one')
    await scene.write('c.json', '{"mediaType":"application/json"}')
    const config = await scene.sign({ files: 'a', 'signing-config': 'c.json' })
    expectRefusal(config, 'SIGNING_CONFIG_INVALID', /signing config/)
    const root = await scene.sign({ files: 'a', 'trusted-root': 'c.json' })
    expectRefusal(root, 'TRUSTED_ROOT_MEDIA_TYPE', /trusted root/)
  })

  it('a service that is neither https nor on this machine', async () => {
    await scene.write('a', 'one')
    const config = await readFile(scene.sandbox.signingConfig, 'utf8')
    await scene.write('c.json', config.replaceAll('127.0.0.1', 'sigstore.example'))
    const run = await scene.sign({ files: 'a', 'signing-config': 'c.json' })
    expectRefusal(run, 'SERVICE_URL_INSECURE', 'https')
  })
})

describe('sign refuses what the token says', () => {
  it.each([
    ['expired-token', 'CLOCK_WRONG', /expired .* seconds ago by this machine's clock/],
    ['wrong-audience', 'TOKEN_WRONG_AUDIENCE', 'for the audience'],
    ['wrong-issuer', 'TOKEN_WRONG_ISSUER', 'is from']
  ] as const)('%s', async (kind, code, words) => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service: 'oidc', kind })
    expectRefusal(await scene.sign({ files: 'a' }), code, words)
  })

  it('when the clock is behind', async () => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service: 'oidc', kind: 'clock', seconds: 7200 })
    expectRefusal(await scene.sign({ files: 'a' }), 'CLOCK_WRONG', 'set the clock of the machine')
  })

  it('when the repository is private and nobody said where its name may be shown', async () => {
    await scene.write('a', 'one')
    await scene.sandbox.setClaims({ repository_visibility: 'private' })
    const run = await scene.sign({ files: 'a', 'signing-config': '', 'trusted-root': '' })
    expectRefusal(run, 'INPUT_INVALID', 'this repository is private')
    await scene.sandbox.setClaims({ repository_visibility: 'public' })
  })
})

describe('verify refuses inputs', () => {
  it.each([
    [{ files: 'absent' }, 'NO_SUBJECT', '"absent" matches no file'],
    [{}, 'NO_SUBJECT', 'None of files, images and models is given'],
    [{ files: '' }, 'INPUT_INVALID', 'files is empty'],
    [{ files: 'a', images: '' }, 'INPUT_INVALID', 'images is empty'],
    [{ files: 'a', annotations: 'a=b' }, 'INPUT_INVALID', 'no images are given'],
    [{ files: 'a', annotations: '' }, 'INPUT_INVALID', 'annotations is empty'],
    [{ files: 'a', digest: 'sha256:0' }, 'INPUT_INVALID', 'digest is given and images is not'],
    [{ files: 'a', bundle: 'absent' }, 'NO_BUNDLE', '"absent" names no bundle'],
    [{ files: 'a', sigstore: 'x' }, 'INPUT_INVALID', 'sigstore is "x"'],
    [{ files: 'a', 'source-digest': '' }, 'INPUT_INVALID', 'source-digest is empty'],
    [{ files: 'a', 'predicate-type': '' }, 'INPUT_INVALID', 'predicate-type is empty'],
    [{ files: '../*' }, 'INPUT_INVALID', 'The path "../*" cannot be used'],
    [{ files: 'a', 'signer-workflow': '' }, 'INPUT_INVALID', 'signer-workflow is empty'],
    [{ files: 'a', repository: '' }, 'INPUT_INVALID', 'repository is empty'],
    [{ files: 'a', owner: 'octo-org' }, 'POLICY_INVALID', 'owner alone'],
    [{ files: 'a', 'certificate-identity-regexp': '(' }, 'POLICY_INVALID', 'RE2'],
    [{ files: 'a', 'deny-self-hosted-runners': 'ture' }, 'INPUT_INVALID', '"ture"'],
    [
      { files: 'a', 'certificate-identity': 'x', repository: 'octo-org/octo-models' },
      'POLICY_INVALID',
      'do not mix'
    ]
  ])('%j', async (inputs, code, words) => {
    await writeFile(join(scene.workspace, 'a'), 'one')
    const run = await scene.verify(inputs)
    expect(run.outputs).toEqual({ verified: 'false' })
    expectRefusal({ ...run, outputs: {} }, code, words)
  })
})

describe('trust by TUF', () => {
  it('never comes from a cache that an earlier step left, also when there is no other', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: 'a' })
    const home = join(scene.workspace, '../home')
    const cache = join(home, '.local/share/sigstore-js/https%3A%2F%2Ftuf-repo-cdn.sigstore.dev')
    await mkdir(join(cache, 'targets'), { recursive: true })
    await copyFile(scene.sandbox.tufRoot, join(cache, 'root.json'))
    const root = await readFile(scene.sandbox.trustedRoot)
    await writeFile(join(cache, 'targets/trusted_root.json'), root)
    const env = { HOME: home, XDG_DATA_HOME: join(home, '.local/share') }

    // No test may depend on the network: what cannot be resolved is as good as cut off.
    const proxy = { https_proxy: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' }
    const run = await scene.verify(
      { files: 'a', 'trusted-root': '' },
      { env: { ...env, ...proxy } }
    )
    expectRefusal({ ...run, outputs: {} }, 'TUF_UNREACHABLE', 'could not be read')
  })
})
