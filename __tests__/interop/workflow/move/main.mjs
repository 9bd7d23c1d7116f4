import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { env } from 'node:process'

const { INPUT_UPLOAD: name, INPUT_DOWNLOAD: prefix, INPUT_PATH: path, ARTIFACT_CLIENT } = env
const { DefaultArtifactClient } = await import(ARTIFACT_CLIENT)
const client = new DefaultArtifactClient()
const folder = resolve(path)
if (name) {
  const files = readdirSync(folder).map(file => join(folder, file))
  await client.uploadArtifact(name, files, folder)
} else {
  const { artifacts } = await client.listArtifacts({ latest: true })
  for (const artifact of artifacts.filter(each => each.name.startsWith(prefix))) {
    await client.downloadArtifact(artifact.id, { path: folder })
  }
}
