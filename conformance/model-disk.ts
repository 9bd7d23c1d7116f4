import { modelStatement } from '../src/statements/model.ts'
import { ignoresOf } from '../src/subjects/ignores.ts'
import { openModel } from '../src/subjects/model-contents.ts'
import { findModel, hashModel, locateModel } from '../src/subjects/model.ts'
import type { ModelFiles } from '../src/trust/model-files.ts'
import { ignoring } from '../src/trust/model-paths.ts'
import { log } from './sign.ts'

/** Paths are as the command line has them. */
const workspace = process.cwd()

/** The OMS statement of a model, as the action signs it. */
export async function statementOf(
  path: string,
  o: { ignorePaths: string[]; signature: string }
): Promise<Buffer> {
  const allowSymlinks = false
  const model = await findModel(path, { ...o, workspace, allowSymlinks })
  const files = await hashModel(model, { log })
  const resources = files.map(({ name, hashed }) => ({ name, sha256: hashed.digest }))
  return modelStatement({ ...model, resources, allowSymlinks })
}

/** A model as it lies here. */
export function filesOf(
  path: string,
  o: { ignorePaths: string[]; signature: string; ignoreUnsigned: boolean }
): ModelFiles {
  const place = locateModel(path, { workspace, allowSymlinks: true })
  const ignores = ignoring(ignoresOf(place, { ...o, workspace }))
  return {
    ...openModel(place, { log, allowSymlinks: false }),
    ignores: name => o.ignoreUnsigned || ignores(name)
  }
}
