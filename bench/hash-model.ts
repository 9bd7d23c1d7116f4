// `node bench/hash-model.ts FOLDER`: finds and hashes a model, as signing does.
import { dirname } from 'node:path'
import { findModel, hashModel } from '../src/subjects/model.ts'

/** Prints nothing: how far the hashing is does not belong into the table. */
const log = { debug: () => undefined, info: () => undefined, warning: () => undefined }

/** Seconds. */
export async function hashFolder(folder: string): Promise<number> {
  const start = performance.now()
  const options = { ignorePaths: [], allowSymlinks: false, signature: `${folder}/model.sig` }
  const model = await findModel(folder, { ...options, workspace: dirname(folder) })
  await hashModel(model, { log })
  return (performance.now() - start) / 1000
}

if (import.meta.main) await hashFolder(process.argv[2] ?? '')
