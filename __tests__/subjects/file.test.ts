import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { expand } from '../../src/runner/glob.ts'
import { commonFolder, findFiles, isWithin } from '../../src/subjects/file.ts'

let root: string
let workspace: string
const home = process.cwd()

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'files-')))
  workspace = join(root, 'ws')
  await mkdir(join(workspace, 'dist/sub'), { recursive: true })
  await writeFile(join(workspace, 'dist/a.onnx'), 'a')
  await writeFile(join(workspace, 'dist/b.onnx'), 'b')
  await writeFile(join(workspace, 'dist/sub/c.onnx'), 'c')
  await writeFile(join(root, 'secret'), 's')
  process.chdir(workspace)
})
afterEach(async () => {
  process.chdir(home)
  await rm(root, { recursive: true })
})

const names = async (...lines: string[]): Promise<string[]> =>
  (await findFiles(lines, workspace, expand)).subjects.map(({ name }) => name)

describe('findFiles', () => {
  it('takes paths and globs, each file once, sorted, and leaves folders of a glob out', async () => {
    expect(await names('dist/**', 'dist/b.onnx')).toEqual([
      'dist/a.onnx',
      'dist/b.onnx',
      'dist/sub/c.onnx'
    ])
    expect(await names('dist/*.onnx')).toEqual(['dist/a.onnx', 'dist/b.onnx'])
  })

  it('refuses a folder that a glob matched and that holds what no line names', async () => {
    await mkdir(join(workspace, 'dist/empty'))
    await expect(names('dist/*')).rejects.toMatchObject({
      code: 'FILE_NOT_REGULAR',
      message: expect.stringContaining('dist/sub is a folder with files that no line names')
    })
    const two = ['dist/a.onnx', 'dist/b.onnx']
    expect(await names('dist/*', 'dist/sub/**')).toEqual([...two, 'dist/sub/c.onnx'])
    expect(await names('dist/*', '!dist/sub', '!dist/sub/**')).toEqual(two)
    await mkdir(join(workspace, 'dist/[x]'))
    await writeFile(join(workspace, 'dist/[x]/d.onnx'), 'd')
    await expect(names('dist/*', 'dist/sub/**')).rejects.toMatchObject({
      message: expect.stringContaining('dist/[x] is a folder')
    })
  })

  it('takes matches away again with !', async () => {
    expect(await names('dist/**', '!dist/sub/**')).toEqual(['dist/a.onnx', 'dist/b.onnx'])
  })

  it('leaves bundles out and lists them', async () => {
    await writeFile(join(workspace, 'dist/a.onnx.sigstore.json'), '{}')
    const { subjects, bundles } = await findFiles(['dist/**'], workspace, expand)
    expect(subjects).toHaveLength(3)
    expect(bundles).toEqual([
      { name: 'dist/a.onnx.sigstore.json', path: join(workspace, 'dist/a.onnx.sigstore.json') }
    ])
    await expect(names('dist/*.sigstore.json')).rejects.toMatchObject({ code: 'NO_SUBJECT' })
  })

  it.each([
    [[], 'no line names a file'],
    [['!dist/**'], 'no line names a file'],
    [['nothing/*'], '"nothing/*" matches no file'],
    [['dist/*.onnx', 'nothing.bin'], '"nothing.bin" matches no file'],
    [['dist/a.onnx', '!dist/*'], '"dist/a.onnx" matches only what the lines with "!" take away'],
    [['dist/s*'], '"dist/s*" matches only folders']
  ])('refuses lines that name nothing: %j', async (lines, words) => {
    await expect(names(...lines)).rejects.toMatchObject({
      code: 'NO_SUBJECT',
      message: expect.stringContaining(words)
    })
  })

  it('refuses a path that the glob library does not take, by its name', async () => {
    await expect(names('../secret*')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('The path "../secret*" cannot be used')
    })
  })

  it('refuses a folder by name, and says how to name what is in it', async () => {
    await expect(names('dist')).rejects.toMatchObject({
      code: 'FILE_NOT_REGULAR',
      message: 'files: dist is a folder; write "dist/**" for every file below it.'
    })
    await expect(names('dist/')).rejects.toMatchObject({ code: 'FILE_NOT_REGULAR' })
  })

  it('refuses a pipe', async () => {
    execFileSync('mkfifo', [join(workspace, 'pipe')])
    await expect(names('pipe')).rejects.toMatchObject({ code: 'FILE_NOT_REGULAR' })
  })

  it('refuses a link out of the workspace, also through a linked folder, and a broken one', async () => {
    await symlink(join(root, 'secret'), join(workspace, 'link'))
    await expect(names('link')).rejects.toMatchObject({ code: 'FILE_OUTSIDE_WORKSPACE' })
    await expect(names('*')).rejects.toMatchObject({ code: 'FILE_OUTSIDE_WORKSPACE' })
    await rm(join(workspace, 'link'))
    await symlink(root, join(workspace, 'up'))
    await expect(names('up/secret')).rejects.toMatchObject({ code: 'FILE_OUTSIDE_WORKSPACE' })
    await symlink('gone', join(workspace, 'broken'))
    await expect(names('broken')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })

  it('refuses a link to a folder, which other tools would follow', async () => {
    await symlink('sub', join(workspace, 'dist/link'))
    await expect(names('dist/**')).rejects.toMatchObject({
      code: 'FILE_NOT_REGULAR',
      message: expect.stringContaining('dist/link is a symbolic link to a folder')
    })
    expect(await names('dist/**', '!dist/link')).toHaveLength(3)
  })

  it('knows the workspace also by a link that leads to it', async () => {
    const linked = join(root, 'linked')
    await symlink(workspace, linked)
    await symlink(root, join(workspace, 'up'))
    for (const line of ['up/secret', join(linked, 'up/secret')]) {
      await expect(findFiles([line], linked, expand)).rejects.toMatchObject({
        code: 'FILE_OUTSIDE_WORKSPACE'
      })
    }
    const { subjects } = await findFiles(['dist/a.onnx'], linked, expand)
    expect(subjects.map(({ name }) => name)).toEqual(['dist/a.onnx'])
    await expect(findFiles(['dist'], linked, expand)).rejects.toMatchObject({
      code: 'FILE_NOT_REGULAR'
    })
  })

  it('takes a name that is there for itself, whatever a glob would make of it', async () => {
    await writeFile(join(workspace, 'dist/[ab].onnx'), 'x')
    expect(await names('dist/[ab].onnx')).toEqual(['dist/[ab].onnx'])
    await expect(names('dist/[ab].onnx', '!dist/*')).rejects.toMatchObject({ code: 'NO_SUBJECT' })
  })

  it('refuses a name that is not UTF-8, which may stand for several', async () => {
    await writeFile(Buffer.concat([Buffer.from(`${workspace}/x`), Buffer.from([0xff])]), 'x')
    await writeFile(join(workspace, 'x\u{FFFD}'), 'y')
    await expect(names('x*')).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('not named in UTF-8')
    })
  })

  it('takes a link that stays inside, and hashes what it leads to', async () => {
    await symlink('a.onnx', join(workspace, 'dist/latest.onnx'))
    const { subjects } = await findFiles(['dist/latest.onnx'], workspace, expand)
    const path = join(workspace, 'dist/latest.onnx')
    const real = join(workspace, 'dist/a.onnx')
    expect(subjects).toEqual([{ name: 'dist/latest.onnx', path, real }])
  })

  it('takes a path outside the workspace that the workflow itself names', async () => {
    expect(await names(join(root, 'secret'))).toEqual([join(root, 'secret')])
    expect(await names('../secret')).toEqual([join(root, 'secret')])
  })
})

describe('commonFolder', () => {
  it.each([
    [['/w/a'], '/w'],
    [['/w/d/a', '/w/d/b'], '/w/d'],
    [['/w/d/a', '/w/b'], '/w'],
    [['/w/a', '/x/a'], '/']
  ])('of %j is %s', (paths, folder) => {
    expect(commonFolder(paths)).toBe(folder)
  })
})

describe('isWithin', () => {
  it.each([
    ['/a/b', '/a', true],
    ['/a', '/a', true],
    ['/a/..b', '/a', true],
    ['/ab', '/a', false],
    ['/', '/a', false]
  ])('%s in %s: %s', (path, folder, expected) => {
    expect(isWithin(path, folder)).toBe(expected)
  })
})
