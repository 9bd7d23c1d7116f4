import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { keepToken } from '../../src/storage/token-host.ts'

let asked: string[]
let url: string
const server = http.createServer(({ url, headers }, response) => {
  asked.push(
    `${String(headers.host?.split(':')[0])}${String(url)} ${String(headers.authorization)}`
  )
  response.end()
})
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
beforeEach(() => {
  asked = []
})
afterAll(() => {
  server.close()
})

/** A request as @actions/http-client makes it. */
async function ask(to: string, authorization?: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const headers = authorization === undefined ? {} : { authorization }
    http
      .get(to, { headers }, response => {
        response.resume().on('end', resolve)
      })
      .on('error', reject)
  })
}

const elsewhere = (): string => url.replace('127.0.0.1', 'localhost')

it('lets a token go to its host, and what has none anywhere', async () => {
  await keepToken(url, async () => {
    await ask(`${url}a`, 'Bearer x')
    await ask(`${elsewhere()}b`)
  })
  expect(asked).toEqual(['127.0.0.1/a Bearer x', 'localhost/b undefined'])
})

it('sends nothing of a request that takes a token elsewhere, and ends at once', async () => {
  const patient = async (): Promise<void> => {
    await ask(elsewhere(), 'Bearer x').catch(() => new Promise<void>(() => undefined))
  }
  await expect(keepToken(url, patient)).rejects.toThrow(/redirects to localhost:\d+, for which/)
  expect(asked).toEqual([])
})

it('has no say in what others ask meanwhile', async () => {
  await keepToken(url, async () => Promise.resolve())
  await ask(elsewhere(), 'Bearer x')
  expect(asked).toEqual(['localhost/ Bearer x'])
})
