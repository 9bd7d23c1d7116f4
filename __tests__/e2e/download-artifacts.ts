/**
 * What actions/download-artifact does with `pattern` and `merge-multiple: true`, by the same library: every
 * artifact of the run whose name begins so, into one folder.
 *
 * `node download-artifacts.ts PREFIX FOLDER`, in the environment of a job.
 */
import { DefaultArtifactClient } from '@actions/artifact'

const [prefix = '', path = ''] = process.argv.slice(2)
const client = new DefaultArtifactClient()
const { artifacts } = await client.listArtifacts({ latest: true })
for (const { id, name, digest = '' } of artifacts) {
  if (!name.startsWith(prefix)) continue
  const { digestMismatch } = await client.downloadArtifact(id, { path, expectedHash: digest })
  if (digestMismatch === true) throw new Error(`${name} is not what was uploaded`)
}
