import type { Place } from './place.ts'

/** How a program comes into the cache. */
export type Source =
  | { go: string; /** Files of its module to keep beside it. */ keep?: string[] }
  | {
      /** Folder of a module of ours, relative to this one. */
      goModule: string
      /** What to build, when that is not the module itself. */
      package?: string
    }
  | {
      pip: string
      /** What it needs besides, where its package does not say so itself. */
      with?: string[]
      /** The program, where it has another name than the package. */
      bin?: string
    }
  | { debian: string; /** Where the program is, or a folder of several. */ bin: string }

/** One that serves: what to start, and where it answers once it is ready. */
export type Command = {
  args: (at: Place) => string[]
  /** Answers 200 to a GET. */
  ready: (at: Place) => string
  env?: (at: Place) => Record<string, string>
  /** A port that it insists on, so that there is one on a machine. */
  insists?: number
}

export type Program = { version: string; from: Source; serve?: Command }

/** Bytes of a request. */
export const REKOR_V1_MOST = 2 ** 20

const local = (port: number, path = ''): string => `http://127.0.0.1:${port}${path}`
const trillian = ({ port }: Place): string[] => [
  '--storage_system=postgresql',
  `--postgresql_uri=postgresql://postgres@127.0.0.1:${port('postgresql')}/trillian?sslmode=disable`,
  '--quota_system=noop'
]

const dockerRegistry = (name: 'registry-basic' | 'registry-bearer') =>
  ({
    version: '2.8.2 of Debian',
    from: { debian: 'docker-registry', bin: '/usr/bin/docker-registry' },
    serve: {
      args: ({ file }) => ['serve', file(`${name}.json`)],
      // Everything else asks for credentials.
      ready: ({ port }) => local(port(name))
    }
  }) as const satisfies Program

/**
 * Every program that a check needs besides Node: name, version, source and, of a service, its command
 * line on loopback. Versions are the newest that Go 1.26 builds. What starts when: `stack.ts`.
 */
const TABLE = {
  // Checks of the repository
  actionlint: { version: '1.7.12', from: { go: 'github.com/rhysd/actionlint/cmd/actionlint' } },
  zizmor: { version: '1.32.0', from: { pip: 'zizmor' } },
  act: { version: '0.2.89', from: { go: 'github.com/nektos/act' } },

  // Clients
  cosign: { version: '3.1.3', from: { go: 'github.com/sigstore/cosign/v3/cmd/cosign' } },
  cosign2: { version: '2.6.5', from: { go: 'github.com/sigstore/cosign/v2/cmd/cosign' } },
  'sigstore-python': { version: '4.5.1', from: { pip: 'sigstore' } },
  'model-signing': {
    version: '1.1.1',
    // It imports pyOpenSSL without asking for it.
    from: {
      pip: 'model-signing',
      bin: 'model_signing',
      with: ['sigstore==4.5.1', 'pyopenssl==26.4.0']
    }
  },
  /** The last that records nothing of what it ignored. It takes any version of what it is built on, and works with old ones. */
  'model-signing-1.0': {
    version: '1.0.1',
    from: {
      pip: 'model-signing',
      bin: 'model_signing',
      with: ['sigstore==3.5.6', 'cryptography==42.0.8', 'pyopenssl==24.3.0']
    }
  },
  oras: { version: '1.3.6', from: { go: 'oras.land/oras/cmd/oras' } },
  /** Policy-controller's decision as a command. Its go.mod has replacements, with which Go installs nothing by name. */
  'policy-tester': {
    version: '0.14.0',
    from: {
      goModule: 'policy-tester',
      package: 'github.com/sigstore/policy-controller/cmd/tester'
    }
  },
  createtree: { version: '1.7.3', from: { go: 'github.com/google/trillian/cmd/createtree' } },

  // Services
  postgresql: {
    version: 'of Debian',
    from: { debian: 'postgresql', bin: '/usr/lib/postgresql/*/bin' }
  },
  'trillian-server': {
    version: '1.7.3',
    from: {
      go: 'github.com/google/trillian/cmd/trillian_log_server',
      keep: ['storage/postgresql/schema/storage.sql']
    },
    serve: {
      args: at => [
        ...trillian(at),
        `--rpc_endpoint=127.0.0.1:${at.port('trillian')}`,
        `--http_endpoint=127.0.0.1:${at.port('trillian-http')}`
      ],
      ready: ({ port }) => local(port('trillian-http'), '/healthz')
    }
  },
  'trillian-signer': {
    version: '1.7.3',
    from: { go: 'github.com/google/trillian/cmd/trillian_log_signer' },
    serve: {
      args: at => [
        ...trillian(at),
        `--rpc_endpoint=127.0.0.1:${at.port('signer')}`,
        `--http_endpoint=127.0.0.1:${at.port('signer-http')}`,
        ...['--force_master', '--sequencer_interval=50ms']
      ],
      ready: ({ port }) => local(port('signer-http'), '/healthz')
    }
  },
  ctlog: {
    version: '1.3.3',
    from: { go: 'github.com/google/certificate-transparency-go/trillian/ctfe/ct_server' },
    serve: {
      args: ({ file, port }) => [
        `--log_config=${file('ctlog.cfg')}`,
        `--log_rpc_server=127.0.0.1:${port('trillian')}`,
        `--http_endpoint=127.0.0.1:${port('ctlog')}`,
        `--metrics_endpoint=127.0.0.1:${port('ctlog-metrics')}`
      ],
      ready: ({ port }) => local(port('ctlog'), '/test/ct/v1/get-sth')
    }
  },
  fulcio: {
    version: '1.8.8',
    from: { go: 'github.com/sigstore/fulcio', keep: ['config/identity/config.yaml'] },
    serve: {
      args: ({ file, port }) => [
        ...['serve', '--ca=ephemeralca', `--config-path=${file('fulcio.yaml')}`],
        ...['--host=127.0.0.1', `--port=${port('fulcio')}`],
        ...['--grpc-host=127.0.0.1', `--grpc-port=${port('fulcio-grpc')}`],
        `--legacy-unix-domain-socket=@${file('fulcio.sock')}`,
        `--metrics-port=${port('fulcio-metrics')}`,
        `--ct-log-url=${local(port('ctlog'), '/test')}`,
        `--ct-log-public-key-path=${file('ctlog.pub')}`
      ],
      // The only way to GitHub's issuer is through our gateway, and loopback is never proxied.
      env: ({ file, port }) => ({
        HTTPS_PROXY: local(port('gateway')),
        SSL_CERT_FILE: file('gateway.crt')
      }),
      ready: ({ port }) => local(port('fulcio'), '/healthz')
    }
  },
  'rekor-v1': {
    version: '1.5.4',
    from: { go: 'github.com/sigstore/rekor/cmd/rekor-server' },
    serve: {
      args: ({ file, port, trees }) => [
        ...['serve', '--host=127.0.0.1', `--port=${port('rekor-v1')}`],
        '--rekor_server.address=127.0.0.1',
        '--rekor_server.hostname=127.0.0.1',
        `--rekor_server.signer=${file('rekor-v1.key')}`,
        '--trillian_log_server.address=127.0.0.1',
        `--trillian_log_server.port=${port('trillian')}`,
        `--trillian_log_server.tlog_id=${trees['rekor-v1']}`,
        ...['--enable_retrieve_api=false', '--enable_attestation_storage=false'],
        // By itself it takes whatever comes.
        `--max_request_body_size=${REKOR_V1_MOST}`
      ],
      ready: ({ port }) => local(port('rekor-v1'), '/api/v1/log')
    }
  },
  'rekor-v2': {
    version: '2.3.0',
    from: { go: 'github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix' },
    serve: {
      args: ({ file, port }) => [
        ...['serve', `--storage-dir=${file('rekor-v2')}`, '--checkpoint-interval=1s'],
        `--signer-filepath=${file('rekor-v2.key')}`,
        // The origin of its checkpoints: sigstore-go wants the host of the log's URL there.
        '--hostname=127.0.0.1',
        ...[`--http-port=${port('rekor-v2')}`, `--grpc-port=${port('rekor-v2-grpc')}`],
        `--http-metrics-port=${port('rekor-v2-metrics')}`
      ],
      ready: ({ port }) => local(port('rekor-v2'), '/healthz')
    }
  },
  tsa: {
    version: '2.1.3',
    from: { go: 'github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server' },
    serve: {
      args: ({ port }) => [
        ...['serve', '--host=127.0.0.1', `--port=${port('tsa')}`],
        ...['--timestamp-signer=memory', '--disable-ntp-monitoring']
      ],
      // For its metrics, and it ends without. Rekor v1 tries the same port and goes on.
      insists: 2112,
      ready: ({ port }) => local(port('tsa'), '/ping')
    }
  },
  /** Without the referrers API. */
  crane: {
    version: '0.22.1',
    from: { go: 'github.com/google/go-containerregistry/cmd/crane' },
    serve: {
      args: ({ port }) => ['registry', 'serve', `--address=127.0.0.1:${port('crane')}`],
      ready: ({ port }) => local(port('crane'), '/v2/')
    }
  },
  /** With it. */
  registry: {
    version: '0.22.1',
    from: { goModule: 'registry' },
    serve: {
      args: ({ port }) => [`127.0.0.1:${port('registry')}`],
      ready: ({ port }) => local(port('registry'), '/v2/')
    }
  },
  /** That of Docker, without the referrers API, for users with a password. */
  'registry-basic': dockerRegistry('registry-basic'),
  /** The same, for bearers of tokens of our token server. */
  'registry-bearer': dockerRegistry('registry-bearer')
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof TABLE
export type ServiceName = {
  [Name in ProgramName]: (typeof TABLE)[Name] extends { serve: Command } ? Name : never
}[ProgramName]

export const PROGRAMS: Readonly<Record<ProgramName, Program>> = TABLE
export const COMMANDS = Object.fromEntries(
  Object.entries(PROGRAMS).flatMap(([name, { serve }]) => (serve ? [[name, serve]] : []))
) as Readonly<Record<ServiceName, Command>>
