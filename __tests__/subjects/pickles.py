"""Writes pickles.json: real pickles, by Python's own library, in base64."""
import base64, json, os, tempfile

here = os.path.dirname(os.path.abspath(__file__))
os.chdir(tempfile.mkdtemp())
import io, pickle, sys, zipfile, struct
value = {'weights': [1.0] * 20}
for protocol in range(6):
    open(f'p{protocol}.bin', 'wb').write(pickle.dumps(value, protocol))
    open(f'g{protocol}.pt', 'wb').write(pickle.dumps(io.BytesIO, protocol))
    open(f'p{protocol}.txt', 'wb').write(pickle.dumps(value, protocol))
open('old.pth', 'wb').write(pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2))
def npy(descr):
    header = ("{'descr': %s, 'fortran_order': False, 'shape': (3,), }" % descr).ljust(117) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode() + b"'O'" * 8
def archive(path, files, **how):
    with zipfile.ZipFile(path, 'w', **how) as zip:
        for name, data in files.items(): zip.writestr(name, data)
archive('torch.bin', {'archive/data.pkl': b'x', 'archive/data/0': bytes(100)})
archive('other.zip', {'model/a.joblib': b'x'})
archive('clean.keras', {'metadata.json': b'{}', 'data.pkl.txt': b''})
for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    archive(f'objects{how}.npz', {'a.npy': npy("'<f4'"), 'b.npy': npy("'|O'")}, compression=how)
    archive(f'numbers{how}.npz', {'a.npy': npy("'<f4'")}, compression=how)
open('objects.npy', 'wb').write(npy("[('a', '<i4'), ('b', '|O')]"))
open('numbers.npy', 'wb').write(npy("'<f4'"))
zip64 = zipfile.ZipFile('zip64.pt', 'w')
zip64.writestr('m/data.pkl', b'x')
zip64.close()
data = bytearray(open('zip64.pt', 'rb').read())
end = data.rindex(b'PK\x05\x06')
size, offset = struct.unpack('<II', data[end + 12:end + 20])
record = struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, 1, 1, size, offset)
locator = struct.pack('<IIQI', 0x07064b50, 0, end, 1)
data[end + 12:end + 20] = b'\xff' * 8
open('zip64.pt', 'wb').write(data[:end] + record + locator + data[end:])

samples = {name: base64.b64encode(open(name, 'rb').read()).decode() for name in sorted(os.listdir())}
with open(os.path.join(here, 'pickles.json'), 'w') as file:
    json.dump(samples, file, indent=2)
    file.write('\n')
