import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  checkIgnorePaths,
  findModel,
  hashModel,
  locateModel,
  type Model
} from '../../src/subjects/model.ts'
import { silent } from './digests/silent.ts'

let root: string
let workspace: string
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'model-')))
  workspace = join(root, 'ws')
  put('m/config.json', '{}')
  put('m/sub/weights.bin', 'w')
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function put(name: string, content = name): void {
  const path = join(workspace, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
}

function link(target: string, name: string): void {
  symlinkSync(target, join(workspace, name))
}

const find = (line = 'm', options: Partial<Parameters<typeof findModel>[1]> = {}): Promise<Model> =>
  findModel(line, {
    workspace,
    ignorePaths: [],
    allowSymlinks: false,
    signature: `${line}/model.sig`,
    ...options
  })

const names = async (...args: Parameters<typeof find>): Promise<string[]> =>
  (await find(...args)).files.map(({ name }) => name)

const coded = (code: string, words: string): object => ({
  code,
  message: expect.stringContaining(words)
})

describe('findModel', () => {
  it('finds the files of a folder with their real paths and sizes', async () => {
    expect(await find()).toEqual({
      name: 'm',
      path: join(workspace, 'm'),
      real: join(workspace, 'm'),
      single: false,
      files: [
        { name: 'config.json', path: join(workspace, 'm/config.json'), size: 2 },
        { name: 'sub/weights.bin', path: join(workspace, 'm/sub/weights.bin'), size: 1 }
      ],
      ignorePaths: ['.git', '.gitattributes', '.github', '.gitignore', 'model.sig']
    })
    expect(await names('m/')).toEqual(await names(join(workspace, 'm')))
    expect((await find('.')).name).toBe('ws')
    expect((await find('./m/.')).name).toBe('m')
  })

  it('takes a single file, which it names with a dot', async () => {
    const path = join(workspace, 'm/config.json')
    expect(await find('m/config.json', { signature: 'm/config.json.sig' })).toEqual({
      name: 'config.json',
      path,
      real: path,
      single: true,
      files: [{ name: '.', path, size: 2 }],
      ignorePaths: ['.git', '.gitattributes', '.github', '.gitignore']
    })
  })

  it('sorts by the bytes of UTF-8, where UTF-16 has another order', async () => {
    for (const name of ['\u{1F600}', '\u{FB01}', 'tok.json', 'tok/v', 'tok-1', 'Z', 'é', '.x']) {
      put(`n/${name}`)
    }
    expect(await names('n')).toEqual([
      '.x',
      'Z',
      'tok-1',
      'tok.json',
      'tok/v',
      'é',
      '\u{FB01}',
      '\u{1F600}'
    ])
  })

  it('leaves out what belongs to git at the top, the signature, and what is to be ignored', async () => {
    const more = ['.git/HEAD', '.gitattributes', '.github/x', '.gitignore', 'model.sig', 'logs/a']
    for (const name of more) put(`m/${name}`)
    put('m/sub/.git/x')
    put('m/.gitmodules')
    put('m/logs2')
    const model = await find('m', { ignorePaths: ['m/logs/', './m/none', 'n/other', 'm2'] })
    expect(model.files.map(({ name }) => name)).toEqual([
      '.gitmodules',
      'config.json',
      'logs2',
      'sub/.git/x',
      'sub/weights.bin'
    ])
    expect(model.ignorePaths).toEqual([
      ...['.git', '.gitattributes', '.github', '.gitignore', 'logs', 'model.sig', 'none']
    ])
    await expect(find('m', { ignorePaths: ['./m'] })).rejects.toMatchObject(
      coded('INPUT_INVALID', '"./m" is a model itself')
    )
  })

  it('takes names that only look odd', async () => {
    const odd = ['a\nb', 'a\\b', 'a:0:1', ' ', '..x', '-']
    for (const name of odd) put(`n/${name}`)
    expect(await names('n')).toEqual(odd.toSorted())
  })

  it('refuses a model without files', async () => {
    mkdirSync(join(workspace, 'n/sub'), { recursive: true })
    put('n/.gitignore')
    await expect(find('n')).rejects.toMatchObject(coded('MODEL_EMPTY', '"n" has no file'))
  })

  it('refuses a pipe, unless it is ignored', async () => {
    execFileSync('mkfifo', [join(workspace, 'm/pipe')])
    await expect(find()).rejects.toMatchObject(
      coded('FILE_NOT_REGULAR', '"m/pipe" is not a regular')
    )
    expect(await names('m', { ignorePaths: ['m/pipe'] })).toHaveLength(2)
    await expect(find('m/pipe')).rejects.toMatchObject(
      coded('FILE_NOT_REGULAR', 'neither a folder')
    )
  })

  it('refuses a name that is not UTF-8', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${workspace}/m/x`), Buffer.from([0xff])]), 'x')
    await expect(find()).rejects.toMatchObject(
      coded('MODEL_NAME_NOT_UTF8', '"m/x\u{FFFD}" is not named in UTF-8')
    )
  })

  it('prints names safely', async () => {
    link('x', 'm/a\n::error::b')
    await expect(find()).rejects.toMatchObject(coded('MODEL_LINK', '"m/a?::error::b" is'))
  })

  describe('with links', () => {
    const allowSymlinks = true

    it('refuses each, unless it is ignored or links are allowed', async () => {
      link('config.json', 'm/link')
      await expect(find()).rejects.toMatchObject(
        coded(
          'MODEL_LINK',
          '"m/link" is a symbolic link; put the file itself in its place, add it to ignore-paths, or set allow-symlinks to take what it leads to'
        )
      )
      expect(await names('m', { ignorePaths: ['m/link'] })).toHaveLength(2)
      const [, linked] = (await find('m', { allowSymlinks })).files
      expect(linked).toEqual({ name: 'link', path: join(workspace, 'm/config.json'), size: 2 })
    })

    it('refuses one that leads out of the model, to a folder, to a pipe, or nowhere', async () => {
      put('other')
      link('../other', 'm/out')
      await expect(find('m', { allowSymlinks })).rejects.toMatchObject(
        coded('MODEL_LINK', '"m/out" is a symbolic link to')
      )
      rmSync(join(workspace, 'm/out'))
      link('sub', 'm/folder')
      await expect(find('m', { allowSymlinks })).rejects.toMatchObject(
        coded('MODEL_LINK', '"m/folder" is a symbolic link to a folder, which is not followed')
      )
      rmSync(join(workspace, 'm/folder'))
      link('.', 'm/sub/circle')
      await expect(find('m', { allowSymlinks })).rejects.toMatchObject(
        coded('MODEL_LINK', 'circle')
      )
      rmSync(join(workspace, 'm/sub/circle'))
      link('b', 'm/a')
      link('a', 'm/b')
      await expect(find('m', { allowSymlinks })).rejects.toMatchObject(
        coded('FILE_UNREADABLE', '"m/a" could not be looked at (ELOOP)')
      )
      rmSync(join(workspace, 'm/a'))
      await expect(find('m', { allowSymlinks })).rejects.toMatchObject(
        coded('FILE_UNREADABLE', '(ENOENT)')
      )
      rmSync(join(workspace, 'm/b'))
      execFileSync('mkfifo', [join(workspace, 'm/.git')])
      link('.git', 'm/pipe')
      await expect(find('m', { allowSymlinks })).rejects.toMatchObject(
        coded('FILE_NOT_REGULAR', '"m/pipe"')
      )
    })

    it('refuses a model that is one, unless links are allowed', async () => {
      link('m', 'latest')
      await expect(find('latest')).rejects.toMatchObject(coded('MODEL_LINK', '"latest" is'))
      const model = await find('latest', { allowSymlinks, ignorePaths: ['m/sub', 'latest/x'] })
      expect(model).toMatchObject({ name: 'latest', real: join(workspace, 'm') })
      expect(model.files.map(({ name }) => name)).toEqual(['config.json'])
      expect(model.ignorePaths).toEqual(expect.arrayContaining(['sub', 'x', 'model.sig']))
    })
  })
})

describe('locateModel', () => {
  const locate =
    (line: string, allowSymlinks = true) =>
    (): unknown =>
      locateModel(line, { workspace, allowSymlinks })
  const refused = (code: string): unknown => expect.objectContaining({ code })

  it('refuses one that is not there', () => {
    expect(locate('none')).toThrow(refused('NO_SUBJECT'))
    expect(locate('m/config.json/x')).toThrow(refused('NO_SUBJECT'))
    link('none', 'broken')
    expect(locate('broken')).toThrow(refused('NO_SUBJECT'))
    link('circle', 'circle')
    expect(locate('circle')).toThrow(refused('FILE_UNREADABLE'))
  })

  it('refuses one out of the workspace behind a link, and takes one that is named', () => {
    mkdirSync(join(root, 'secret/model'), { recursive: true })
    link('../secret', 'up')
    expect(locate('up')).toThrow(refused('FILE_OUTSIDE_WORKSPACE'))
    expect(locate('up/model', false)).toThrow(refused('FILE_OUTSIDE_WORKSPACE'))
    expect(locate('../secret/model', false)()).toMatchObject({ real: join(root, 'secret/model') })
    symlinkSync('secret/model', join(root, 'link'))
    expect(locate('../link')).toThrow(refused('FILE_OUTSIDE_WORKSPACE'))
    symlinkSync(workspace, join(root, 'linked'))
    const inLinked = locateModel('m', { workspace: join(root, 'linked'), allowSymlinks: false })
    expect(inLinked.real).toBe(join(workspace, 'm'))
  })
})

describe('checkIgnorePaths', () => {
  it('refuses a path that lies in no model', () => {
    const models = [locateModel('m', { workspace, allowSymlinks: false })]
    const check = (path: string) => (): void => {
      checkIgnorePaths(models, { workspace, ignorePaths: ['m/x', path] })
    }
    expect(check('m/y')).not.toThrow()
    expect(check('config.json')).toThrow(
      expect.objectContaining(coded('INPUT_INVALID', '"config.json" lies in none of the models'))
    )
  })
})

describe('hashModel', () => {
  it('hashes the files, and refuses a Git LFS pointer', async () => {
    const model = await find()
    const [file] = await hashModel(model, { log: silent })
    expect(file).toMatchObject({ name: 'config.json', hashed: { digest: expect.any(String) } })
    put('m/big.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')
    await expect(hashModel(await find(), { log: silent })).rejects.toMatchObject(
      coded('FILE_IS_LFS_POINTER', 'm/big.bin is a Git LFS pointer')
    )
  })
})
