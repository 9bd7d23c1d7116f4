/** What programs older than the trusted root have to be given of it in PEM. */
export type TrustedRoot = { tlogs: LogKey[]; ctlogs: LogKey[] } & Record<
  'certificateAuthorities' | 'timestampAuthorities',
  Authority[]
>
export type LogKey = { baseUrl: string; publicKey: { rawBytes: string } }
export type Authority = {
  subject: unknown
  uri: string
  certChain: { certificates: { rawBytes: string }[] }
}

/** One newline at the end and none between: policy-controller takes a blank line for an error. */
export function pem(label: string, contents: { rawBytes: string }[]): string {
  const texts = contents.map(({ rawBytes }) => {
    const lines = rawBytes.match(/.{1,64}/g) ?? []
    return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
  })
  return texts.join('')
}
