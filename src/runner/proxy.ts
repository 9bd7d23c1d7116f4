import http from 'node:http'
import { KeylessError } from '../errors.ts'

/**
 * Have everything that fetches with what Node provides (TUF) use the proxy of the environment,
 * which it does not by itself. To be called before anything else that reads these variables, for
 * their values may hold a password, and who cannot read one repeats it.
 *
 * @throws KeylessError INPUT_INVALID
 */
export function useProxy(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY']) {
    const { [name]: value = '' } = env
    if (value === '' || /^https?:$/.test(URL.parse(value)?.protocol ?? '')) continue
    throw new KeylessError(
      'INPUT_INVALID',
      `The variable ${name} does not hold the URL of a proxy; write http://host:port, or remove it.`
    )
  }
  http.setGlobalProxyFromEnv()
}
