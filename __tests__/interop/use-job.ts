import { afterAll, beforeAll } from '@jest/globals'
import { type Job, openJob } from './job.ts'

/** A job for the tests of a file: opened before the first, closed after the last. */
export function useJob(): Job {
  const job = {} as Job
  beforeAll(async () => {
    Object.assign(job, await openJob())
  })
  afterAll(async () => {
    await job.close()
  })
  return job
}
