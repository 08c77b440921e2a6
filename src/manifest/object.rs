use super::tree::Node;

/// Where an object stands in its text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// From 0.
    pub document: usize,
    /// Of lists, the item, and of lists within them, the item of that.
    pub items: Vec<usize>,
}

/// An object of Kubernetes in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub spot: Spot,
    pub api_version: String,
    pub kind: String,
    pub namespace: Option<String>,
    pub name: String,
}

impl Spot {
    /// The object in these documents.
    pub fn of<'n>(&self, documents: &'n [Node]) -> Option<&'n Node> {
        let root = documents.get(self.document)?;
        self.items.iter().try_fold(root, |node, item| {
            let list = node.at(&["items"]).unwrap_or(node);
            list.items().get(*item)
        })
    }
}

impl Object {
    /// The API group, empty for the core.
    pub fn group(&self) -> &str {
        group(&self.api_version)
    }

    /// Every object of these documents, those in lists too.
    pub fn all(documents: &[Node]) -> Vec<Self> {
        let mut all = Vec::new();
        for (document, root) in documents.iter().enumerate() {
            let items = Vec::new();
            collect(root, &Spot { document, items }, &mut all);
        }
        all
    }
}

/// The group of an API version.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn collect(node: &Node, spot: &Spot, all: &mut Vec<Object>) {
    let listed = node.at(&["items"]).map(Node::items);
    let list = listed.filter(|_| node.at(&["metadata", "name"]).is_none());
    if let Some(list) = list {
        for (item, below) in list.iter().enumerate() {
            let mut spot = spot.clone();
            spot.items.push(item);
            collect(below, &spot, all);
        }
        return;
    }
    let text = |path: &[&str]| node.at(path).and_then(Node::text).map(str::to_owned);
    let read = || {
        Some(Object {
            spot: spot.clone(),
            api_version: text(&["apiVersion"])?,
            kind: text(&["kind"])?,
            namespace: text(&["metadata", "namespace"]),
            name: text(&["metadata", "name"])?,
        })
    };
    all.extend(read());
}
