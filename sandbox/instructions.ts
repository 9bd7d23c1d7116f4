import type { Layout } from './layout.ts'

const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

/** What a person types to use a sandbox by hand, as a shell reads it. */
export function instructions(layout: Layout, control: string): string {
  const { env, trustedRoot, signingConfig, clientTrustConfig, tufRoot, urls } = layout
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`)
  const identity = `https://github.com/${env.GITHUB_WORKFLOW_REF ?? ''}`
  const expectation = [
    `--certificate-identity ${quote(identity)}`,
    '--certificate-oidc-issuer https://token.actions.githubusercontent.com'
  ].join(' ')
  return `# A Sigstore on loopback, gone on Ctrl-C. In another shell:
${exports.join('\n')}
export SIGSTORE_SANDBOX_ROOT=${trustedRoot}
export SIGSTORE_SANDBOX_CONFIG=${signingConfig}

# a token for cosign and others
TOKEN=$(curl -s -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sigstore" | sed 's/.*"value":"\\([^"]*\\)".*/\\1/')

# cosign
cosign sign-blob --yes --identity-token "$TOKEN" --signing-config "$SIGSTORE_SANDBOX_CONFIG" --trusted-root "$SIGSTORE_SANDBOX_ROOT" --bundle FILE.sigstore.json FILE
cosign verify-blob ${expectation} --trusted-root "$SIGSTORE_SANDBOX_ROOT" --bundle FILE.sigstore.json FILE

# sigstore-python
sigstore --trust-config ${clientTrustConfig} sign --identity-token "$TOKEN" FILE

# the action itself
env INPUT_FILES=FILE INPUT_SIGNING-CONFIG="$SIGSTORE_SANDBOX_CONFIG" INPUT_TRUSTED-ROOT="$SIGSTORE_SANDBOX_ROOT" node dist/sign/index.js

# TUF: ${urls.tuf} from ${tufRoot}
# one fault: curl -d '{"service":"rekor","kind":"status","status":503,"times":1}' ${control}/faults
`
}
