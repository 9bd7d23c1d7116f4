import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import schema from '../../docs/results.schema.json' with { type: 'json' }

export type Results = { subjects: Record<string, unknown>[] }

/** The results of a step, which are what the schema promises. */
export async function checkedResults(door: 'sign' | 'verify', path = ''): Promise<Results> {
  const found = JSON.parse(await readFile(path, 'utf8')) as Results
  const ajv = new Ajv2020().addSchema(schema, 'results')
  if (!ajv.validate(`results#/$defs/${door}`, found)) throw new Error(ajv.errorsText())
  return found
}
