//! Files that are replaced as a whole or not at all.
//!
//! The bytes go into a file without a name where the system has such files (Linux), so that nothing is
//! left however the process ends; elsewhere into one with a temporary name, which
//! [`remove_unfinished`] takes away when a program is told to end. Links are followed: what changes is
//! the file that they lead to. What is no file (a device, a pipe) is written into and stays what it is.

use std::{
    collections::BTreeSet,
    fmt,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Most links that lead from one to the next, as on Linux.
const MAX_LINKS: usize = 40;
/// So many bytes must find room before work on a file begins.
const ROOM_BYTES: usize = 64 << 10;
const CREATE: &str = "create a temporary file in its folder";
const WRITE: &str = "write a temporary file in its folder";
const SYNC: &str = "bring it to the disk";
const REPLACE: &str = "replace it";
const OPEN: &str = "open it";

/// Why a file was not written.
#[derive(Debug)]
pub struct Refused {
    /// What was tried, such as `replace it`.
    pub action: &'static str,
    /// What the system says.
    pub source: io::Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.action, self.source)
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

fn refused(action: &'static str) -> impl Fn(io::Error) -> Refused {
    move |source| {
        // Without the temporary name, which would only confuse.
        let source = source.raw_os_error().map_or(source, io::Error::from_raw_os_error);
        Refused { action, source }
    }
}

/// Where a path leads once all links are followed, also when nothing is there yet: the path itself, then
/// what each link says, and the end last.
///
/// # Errors
/// Links that lead in a circle.
pub fn follow_links(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut chain = vec![path.to_owned()];
    let mut at = path.to_owned();
    while let Ok(next) = fs::read_link(&at) {
        if chain.len() > MAX_LINKS {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "its links lead in a circle"));
        }
        at = folder_of(&at).join(next);
        chain.push(at.clone());
    }
    Ok(chain)
}

fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    Ok(follow_links(path)?.pop().unwrap_or_else(|| path.to_owned()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What is at a path now, links followed.
fn existing(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether something other than a file or folder is at a path: a device, a pipe, a socket.
pub fn is_node(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Fails when [`replace`] could not write a file of some size here, before anybody has worked for it.
///
/// # Errors
/// No such folder, no permission, no space, a name that is too long, a folder of that name.
pub fn check(path: &Path) -> Result<(), Refused> {
    if is_node(path) {
        return writable_node(path).map_err(refused(OPEN));
    }
    let target = target(path)?;
    let mut file = Temporary::in_folder_of(&target.path)?;
    file.file().write_all(&[0; ROOM_BYTES]).map_err(refused(WRITE))
}

/// Writes a file, or replaces the one that is there, whose permissions are kept. Whoever has the old one
/// open keeps its bytes. Into a device or pipe the bytes are written.
///
/// # Errors
/// [`Refused`]; the file that was there before is untouched.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Refused> {
    if is_node(path) {
        let mut node = OpenOptions::new().write(true).open(path).map_err(refused(OPEN))?;
        return node.write_all(bytes).map_err(refused("write into it"));
    }
    let Target { path, before } = target(path)?;
    let file = Temporary::filled(&path, bytes, before.as_ref())?;
    file.persist(&path, before.is_some()).map_err(refused(REPLACE))
}

/// Writes a file that must not be there yet.
///
/// # Errors
/// [`Refused`], with [`io::ErrorKind::AlreadyExists`] where something is there.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), Refused> {
    if path.symlink_metadata().is_ok() {
        return Err(refused("create it")(io::ErrorKind::AlreadyExists.into()));
    }
    Temporary::filled(path, bytes, None)?.persist_new(path).map_err(refused("create it"))
}

/// The file that a path leads to, and what is there now.
struct Target {
    path: PathBuf,
    before: Option<Metadata>,
}

fn target(path: &Path) -> Result<Target, Refused> {
    let path = end_of_links(path).map_err(refused(REPLACE))?;
    // A name that is too long is told from one that is not there.
    let before = existing(&path).map_err(refused(REPLACE))?;
    if before.as_ref().is_some_and(Metadata::is_dir) {
        return Err(refused(REPLACE)(io::ErrorKind::IsADirectory.into()));
    }
    Ok(Target { path, before })
}

#[cfg(unix)]
fn writable_node(path: &Path) -> io::Result<()> {
    // It is not opened: a pipe would wait for its reader, who would take its closing for the end.
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK)?)
}

#[cfg(not(unix))]
fn writable_node(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that is not there yet.
enum Temporary {
    /// It has no name at all.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(Named),
}

impl Temporary {
    fn in_folder_of(path: &Path) -> Result<Self, Refused> {
        let folder = folder_of(path);
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed::open(folder) {
            return Ok(Self::Unnamed(file));
        }
        Named::create(folder).map(Self::Named).map_err(refused(CREATE))
    }

    fn filled(path: &Path, bytes: &[u8], before: Option<&Metadata>) -> Result<Self, Refused> {
        let mut temporary = Self::in_folder_of(path)?;
        temporary.fill(bytes, before)?;
        #[cfg(target_os = "linux")]
        if let Self::Unnamed(file) = &temporary
            && !unnamed::can_be_named(file)
        {
            temporary = Self::Named(Named::create(folder_of(path)).map_err(refused(CREATE))?);
            temporary.fill(bytes, before)?;
        }
        Ok(temporary)
    }

    fn fill(&mut self, bytes: &[u8], before: Option<&Metadata>) -> Result<(), Refused> {
        self.file().write_all(bytes).map_err(refused(WRITE))?;
        if let Some(before) = before {
            keep_owner(self.file(), before);
            self.file().set_permissions(before.permissions()).map_err(refused(WRITE))?;
        }
        // Before it gets its name: after a crash either the old file or the whole new one is there.
        self.file().sync_all().map_err(refused(SYNC))
    }

    fn file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(named) => named.file.as_file_mut(),
        }
    }

    fn persist(self, path: &Path, is_there: bool) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) if is_there => unnamed::name_over(&file, path),
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => match unnamed::name(&file, path) {
                // Somebody was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => unnamed::name_over(&file, path),
                result => result,
            },
            Self::Named(named) => named.persist(|file| file.persist(path).map(drop).map_err(|e| e.error)),
        }
    }

    fn persist_new(self, path: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => unnamed::name(&file, path),
            Self::Named(named) => {
                named.persist(|file| file.persist_noclobber(path).map(drop).map_err(|e| e.error))
            }
        }
    }
}

/// Whoever owned the old file owns the new one, where the system lets us give it away.
fn keep_owner(file: &File, before: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let mine = file.metadata().map(|m| (m.uid(), m.gid())).ok();
        if mine != Some((before.uid(), before.gid())) {
            let _ = fchown(file, Some(before.uid()), Some(before.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, before);
}

/// The temporary names that there are.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes away every file that has a temporary name now, and lets nobody make another: for a program that
/// is about to end without its destructors.
pub fn remove_unfinished() {
    let mut unfinished = unfinished();
    for path in std::mem::take(&mut *unfinished) {
        let _ = fs::remove_file(path);
    }
    // Never unlocked: whoever writes a file waits for the end.
    std::mem::forget(unfinished);
}

/// A file with a temporary name.
struct Named {
    /// Goes first when both go: it takes its file away.
    file: tempfile::NamedTempFile,
    listed: Listed,
}

/// A temporary name that stands in the list.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}

impl Named {
    fn create(folder: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".gve-").suffix(".tmp");
        // Temporary files are private by default; this one will be somebody's, as the umask says.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // While the list is locked no signal finds it without the name of a file that is there.
        let mut unfinished = unfinished();
        let file = builder.tempfile_in(folder)?;
        let name = file.path().to_owned();
        unfinished.insert(name.clone());
        Ok(Self { file, listed: Listed(name) })
    }

    fn persist(self, rename: impl FnOnce(tempfile::NamedTempFile) -> io::Result<()>) -> io::Result<()> {
        let Self { file, listed } = self;
        let result = rename(file);
        drop(listed);
        result
    }
}

/// Files without names.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::{
        fs::File,
        io,
        os::fd::AsRawFd as _,
        path::{Path, PathBuf},
        sync::atomic::{AtomicU64, Ordering},
    };

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, rename, unlink};

    use super::{folder_of, unfinished};

    /// `None` where the file system has no such files; another way then says what is wrong, if anything.
    pub(super) fn open(folder: &Path) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)).ok().map(File::from)
    }

    fn place(file: &File) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
    }

    /// Only through `/proc` can it be given a name.
    pub(super) fn can_be_named(file: &File) -> bool {
        place(file).symlink_metadata().is_ok()
    }

    /// Gives it a name that is still free.
    pub(super) fn name(file: &File, path: &Path) -> io::Result<()> {
        Ok(linkat(CWD, place(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }

    /// Gives it a name that is taken. It needs another one for as long as two calls take.
    pub(super) fn name_over(file: &File, path: &Path) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = folder_of(path).join(format!(".gve-{}-{number}.tmp", std::process::id()));
        // Locked all the while: whoever cleans up comes before or after.
        let _unfinished = unfinished();
        // Left by a process of the same number that was killed between the two.
        let _ = unlink(&temporary);
        name(file, &temporary)?;
        rename(&temporary, path).map_err(|error| {
            let _ = unlink(&temporary);
            error.into()
        })
    }
}

#[cfg(test)]
mod tests;
