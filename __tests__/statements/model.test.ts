import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { modelStatement } from '../../src/statements/model.ts'
import { findModel, hashModel, type Model } from '../../src/subjects/model.ts'
import { silent } from '../subjects/digests/silent.ts'

let workspace: string
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'statement-'))
})
afterEach(() => {
  rmSync(workspace, { recursive: true })
})

/** The statement of a model with these files. */
async function sign(
  files: Record<string, string>,
  line = 'my-model',
  signature = 'my-model/model.sig'
): Promise<unknown> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(workspace, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content)
  }
  const options = { workspace, ignorePaths: [], allowSymlinks: false, signature }
  const model = await findModel(line, options)
  return JSON.parse(modelStatement(await stated(model)).toString())
}

async function stated(model: Model): Promise<Parameters<typeof modelStatement>[0]> {
  const files = await hashModel(model, { log: silent })
  const resources = files.map(({ name, hashed }) => ({ name, sha256: hashed.digest }))
  return { ...model, resources, allowSymlinks: false }
}

// As model_signing 1.1 signed it (shared/research/oms.md §1.8).
const WORKED = {
  'my-model/config.json': '{"architectures":["Toy"]}\n',
  'my-model/empty.bin': '',
  'my-model/model-00001-of-00002.safetensors': 'weights-0',
  'my-model/model-00002-of-00002.safetensors': 'weights-1',
  'my-model/tokenizer/vocab.txt': 'hello',
  'my-model/.gitattributes': 'x',
  'my-model/model.sig': 'an earlier one'
}

describe('modelStatement', () => {
  it('is the one that model_signing makes', async () => {
    const resource = (name: string, digest: string): object => ({
      name,
      algorithm: 'sha256',
      digest
    })
    expect(await sign(WORKED)).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        {
          name: 'my-model',
          digest: { sha256: '102bcc8bea4f95aa00aeb25a5d2068d5fe14ecd05230d2c68df3b76ef7840f86' }
        }
      ],
      predicateType: 'https://model_signing/signature/v1.0',
      predicate: {
        resources: [
          resource(
            'config.json',
            'de7023d5a3d4198b6731d8f0b95986df9d1710db7b0f87b02cb510e31a150f6d'
          ),
          resource('empty.bin', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
          resource(
            'model-00001-of-00002.safetensors',
            '2ae4cb54c2d332b133e52f35fafa9ee20360e70aced6483a47d9bb7fb28d1c06'
          ),
          resource(
            'model-00002-of-00002.safetensors',
            'd6d6b238a083cd70d9cca3b4232e0289a0dc5cfaa9644d8af7601f92b5c76f4f'
          ),
          resource(
            'tokenizer/vocab.txt',
            '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
          )
        ],
        serialization: {
          method: 'files',
          hash_type: 'sha256',
          allow_symlinks: false,
          ignore_paths: ['.git', '.gitattributes', '.github', '.gitignore', 'model.sig']
        }
      }
    })
  })

  it('has the order of the specification, and the root digest that follows from it', async () => {
    const statement = await sign({
      ...WORKED,
      'my-model/.cache/a': 'z',
      'my-model/tokenizer.json': '{"t":1}',
      'my-model/sub/.git/x': 'y'
    })
    expect(statement).toMatchObject({
      subject: [
        { digest: { sha256: '1e5c9872916120afd20172ee3c6d3208c036c548fef97820083223bf0fd6e759' } }
      ]
    })
  })

  it('names a single file with a dot', async () => {
    expect(await sign({ 'model.gguf': 'GGUFdata' }, 'model.gguf', 'model.gguf.sig')).toMatchObject({
      subject: [
        {
          name: 'model.gguf',
          digest: { sha256: '9660dc61ce8c1c04314d4c8b6c3d9a5036524b7032db3e2dfc3d63d383abf6c2' }
        }
      ],
      predicate: {
        resources: [{ name: '.' }],
        serialization: { ignore_paths: ['.git', '.gitattributes', '.github', '.gitignore'] }
      }
    })
  })

  it('is the same bytes for the same model, without white space', () => {
    const model = { name: 'm', resources: [], ignorePaths: [], allowSymlinks: true }
    const bytes = modelStatement(model)
    expect(bytes.equals(modelStatement(model))).toBe(true)
    expect(bytes.toString()).toMatch(
      /^\{"_type":\S+"allow_symlinks":true,"ignore_paths":\[\]\}\}\}$/
    )
  })
})
